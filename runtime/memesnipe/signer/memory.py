"""Memory for secret keys, and a process that nobody else looks into.

A key lies in a page of its own: locked out of swap where the limit allows, left out of core dumps and of forked children, written
by libsodium directly, never a Python object that could be copied, interned or printed. The file's bytes and whatever else held
the secret on its way are overwritten. What this does not cover is in `docs/explanation/signer.md`.
"""

import ctypes
import mmap
import os
import resource
import sys
from typing import Any, NoReturn

from nacl._sodium import ffi, lib  # type: ignore[import-not-found]  # under nacl.bindings, which knows immutable bytes alone
from nacl.bindings import crypto_sign_BYTES, crypto_sign_PUBLICKEYBYTES, crypto_sign_SECRETKEYBYTES, crypto_sign_SEEDBYTES, sodium_init

from memesnipe.kernel.errors import Bug
from memesnipe.kernel.logs import logger
from memesnipe.signer import metrics

PR_SET_DUMPABLE = 4
"""prctl(2), linux/prctl.h."""


class SecretKey:
    """An Ed25519 key that signs. Nothing that prints, copies or pickles an object can bring the secret out of it."""

    __slots__ = ("_page", "_secret", "public")

    def __init__(self, seed: bytes | bytearray | memoryview) -> None:
        """Take the 32-byte seed. The caller overwrites what it holds of it."""
        if len(seed) != crypto_sign_SEEDBYTES:
            raise ValueError(f"a seed has {crypto_sign_SEEDBYTES} bytes")
        sodium_init()
        self._page = _a_page()
        self._secret: Any = ffi.from_buffer("unsigned char[]", self._page)
        public = ffi.new("unsigned char[]", crypto_sign_PUBLICKEYBYTES)
        if lib.crypto_sign_seed_keypair(public, self._secret, ffi.from_buffer(seed)) != 0:
            raise Bug("libsodium could not make a key pair")
        self.public = bytes(ffi.buffer(public))

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte signature; the same message always gives the same bytes (RFC 8032)."""
        signed = ffi.new("unsigned char[]", crypto_sign_BYTES + len(message))
        length = ffi.new("unsigned long long *")
        if lib.crypto_sign(signed, length, message, len(message), self._secret) != 0:
            raise Bug("libsodium could not sign")
        return bytes(ffi.buffer(signed, crypto_sign_BYTES))

    def wipe(self) -> None:
        """Overwrite the key; nothing can be signed afterwards."""
        lib.sodium_memzero(self._secret, crypto_sign_SECRETKEYBYTES)
        self._secret = None

    def __repr__(self) -> str:
        return "SecretKey(...)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret key is never pickled or copied")


def wiped(buffer: bytearray) -> None:
    """Overwrite a buffer that held a secret."""
    buffer[:] = bytes(len(buffer))


def harden() -> None:
    """Before any key is read: no core dump, and no ptrace, /proc/<pid>/mem or environ for others of the same user.

    What the system refuses is logged and never fatal: the key is as safe as the host then, and exits must go on.
    """
    metrics.MEMORY_LOCKED.set(1)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux" and ctypes.CDLL(None, use_errno=True).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        logger().warning("still_dumpable", detail=os.strerror(ctypes.get_errno()))


def _a_page() -> mmap.mmap:
    """Return an anonymous page that is locked in memory if the limit allows (RLIMIT_MEMLOCK; a container has 64 KiB or more)."""
    page = mmap.mmap(-1, mmap.PAGESIZE)
    if sys.platform == "linux":
        page.madvise(mmap.MADV_DONTDUMP)
        page.madvise(mmap.MADV_DONTFORK)
    with ffi.from_buffer(page) as start:
        locked = lib.sodium_mlock(start, mmap.PAGESIZE) == 0
    if not locked:
        metrics.MEMORY_LOCKED.set(0)
        logger().warning("memory_not_locked", detail="the key may reach swap: raise the memlock limit (ulimit -l), or do without swap")
    return page
