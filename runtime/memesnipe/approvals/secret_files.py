"""Secrets on disk: written once with mode 0600, read only when nobody else can read them."""

import os
import stat
import tempfile
from pathlib import Path

from memesnipe.kernel.errors import ConfigError

BYTES_MAX = 4_096
"""A longer file is no key."""


def read_secret(path: Path) -> bytes:
    """Return a secret file's bytes. Raises ConfigError naming the file, never its content, when it is missing or open to others."""
    raw = bytearray(BYTES_MAX + 1)
    return bytes(raw[: read_secret_into(path, raw)])


def read_secret_into(path: Path, buffer: bytearray) -> int:
    """Read a secret file into a buffer of more than BYTES_MAX that the caller overwrites later; return its length. Raises as above."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    try:
        _refuse_if_shared(path, descriptor)  # before it is opened as a file, which a folder cannot be
        with os.fdopen(descriptor, "rb", buffering=0, closefd=False) as file:  # a buffer of Python's own would keep a copy
            length = file.readinto(buffer) or 0
    finally:
        os.close(descriptor)
    if length > BYTES_MAX:
        raise ConfigError(f"{path}: more than {BYTES_MAX} bytes, so it is no key file")
    return length


def _refuse_if_shared(path: Path, descriptor: int) -> None:
    """Check the open file, not the name: the name could be swapped between check and read."""
    facts = os.fstat(descriptor)
    if not stat.S_ISREG(facts.st_mode):
        raise ConfigError(f"{path}: must be a regular file")
    if facts.st_mode & 0o007:
        raise ConfigError(f"{path}: open to everyone (mode {stat.S_IMODE(facts.st_mode):o}); chmod 600 it")
    # A Kubernetes Secret under fsGroup is always group-readable; there the mount is read-only and the group is the pod's own.
    read_only_mount = bool(os.fstatvfs(descriptor).f_flag & os.ST_RDONLY)
    if facts.st_mode & 0o070 and not read_only_mount:
        raise ConfigError(f"{path}: open to its group (mode {stat.S_IMODE(facts.st_mode):o}); chmod 600 it")


def write_secret(path: Path, raw: bytes) -> None:
    """Write a new secret file, whole or not at all. Raises ConfigError when it exists: a key is never overwritten."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mkstemp makes it 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        os.link(temporary, path)  # unlike rename, it fails if the name is taken
    except FileExistsError:
        raise ConfigError(f"{path}: exists already; a key is never overwritten") from None
    finally:
        Path(temporary).unlink()
