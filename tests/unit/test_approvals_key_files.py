"""Key files and secrets on disk: which are taken, which are refused, and that each refusal names the file or the role."""

import base64
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest

from memesnipe.approvals.keys import SigningKey, TrustedKeys
from memesnipe.approvals.secret_files import BYTES_MAX, read_secret, write_secret
from memesnipe.kernel.errors import ConfigError

HEX = {"risk": "01" * 32, "guard": "02" * 32, "lease": "03" * 32}


def a_secret(path: Path, raw: bytes, mode: int = 0o600) -> Path:
    path.touch()
    path.write_bytes(raw)
    path.chmod(mode)
    return path


def mounted(*, read_only: bool) -> Any:
    flags = SimpleNamespace(f_flag=os.ST_RDONLY if read_only else 0)
    return patch("memesnipe.approvals.secret_files.os.fstatvfs", lambda _: flags)


def test_the_longest_secret_is_read_whole(tmp_path: Path) -> None:
    assert read_secret(a_secret(tmp_path / "key", b"k" * BYTES_MAX)) == b"k" * BYTES_MAX


def test_a_longer_file_is_no_key(tmp_path: Path) -> None:
    path = a_secret(tmp_path / "key", b"k" * (BYTES_MAX + 1))

    with pytest.raises(ConfigError, match=f"{path}: more than {BYTES_MAX} bytes"):
        read_secret(path)


@pytest.mark.parametrize(("mode", "said"), [(0o640, "open to its group"), (0o604, "open to everyone"), (0o601, "open to everyone")])
def test_a_file_that_others_may_use_is_refused_with_its_mode(mode: int, said: str, tmp_path: Path) -> None:
    path = a_secret(tmp_path / "key", b"k", mode)

    with mounted(read_only=False), pytest.raises(ConfigError, match=f"{path}: {said} \\(mode {mode:o}\\); chmod 600 it"):
        read_secret(path)


def test_a_mounted_secret_that_its_group_may_read_is_taken_where_nobody_can_write(tmp_path: Path) -> None:
    path = a_secret(tmp_path / "key", b"k", 0o640)

    with mounted(read_only=True):
        assert read_secret(path) == b"k"


def test_a_mounted_secret_that_everybody_may_read_is_refused_all_the_same(tmp_path: Path) -> None:
    path = a_secret(tmp_path / "key", b"k", 0o604)

    with mounted(read_only=True), pytest.raises(ConfigError, match="open to everyone"):
        read_secret(path)


def test_what_is_no_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"{tmp_path}: must be a regular file"):
        read_secret(tmp_path)


def test_a_secret_is_written_below_folders_that_nobody_else_can_enter(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "key"

    write_secret(path, b"secret")

    assert (path.read_bytes(), path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (b"secret", 0o600, 0o700)
    assert [file.name for file in path.parent.iterdir()] == ["key"]


def test_a_secret_is_never_written_over_and_nothing_is_left_behind(tmp_path: Path) -> None:
    path = a_secret(tmp_path / "key", b"first")

    with pytest.raises(ConfigError, match=f"{path}: exists already"):
        write_secret(path, b"second")

    assert [file.read_bytes() for file in tmp_path.iterdir()] == [b"first"]


def test_a_seed_of_another_length_is_refused_and_says_so() -> None:
    with pytest.raises(ConfigError, match="the seed must have 32 bytes, not 31"):
        SigningKey(bytes(31))


def test_a_signing_key_is_never_pickled_and_says_why() -> None:
    with pytest.raises(TypeError, match="never pickled"):
        SigningKey(bytes(32)).__reduce__()


@pytest.mark.parametrize(
    "text", [b"!" + base64.b64encode(bytes(32)), base64.b64encode(bytes(31)), "\N{ARABIC-INDIC DIGIT ONE}".encode() * 32]
)
def test_a_seed_with_anything_beside_it_is_refused(text: bytes) -> None:
    with pytest.raises(ConfigError, match=r"guard\.key: must hold a 32-byte seed in hex or base64"):
        SigningKey.parsed(text, "guard.key")


@pytest.mark.parametrize("role", HEX)
@pytest.mark.parametrize("text", ["zz", "01" * 31, "01" * 33])
def test_a_public_key_that_cannot_be_one_is_named_by_its_role(role: str, text: str) -> None:
    with pytest.raises(ConfigError, match=f"trusted keys: {role} must be 64 hex digits"):
        TrustedKeys.of(**{**HEX, role: text})


@pytest.mark.parametrize("roles", [("risk", "guard"), ("guard", "lease"), ("risk", "lease")])
def test_no_two_roles_share_a_key(roles: tuple[str, str]) -> None:
    with pytest.raises(ConfigError, match="a key of its own"):
        TrustedKeys.of(**{**HEX, **dict.fromkeys(roles, "0a" * 32)})


def test_trusted_keys_are_saved_in_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    keys, path = TrustedKeys.of(**HEX), tmp_path / "a" / "b" / "trusted.json"

    keys.save(path)
    keys.save(path)

    assert TrustedKeys.load(path) == keys
    assert [key.public.hex() for key in (keys.risk, keys.guard, keys.lease)] == [*HEX.values()]


@pytest.mark.parametrize(
    ("text", "said"),
    [(None, "cannot be read: No such file"), (b"{", "truncated"), (b'{"risk": "00"}', "must name exactly risk, guard and lease")],
)
def test_a_trusted_file_that_is_refused_is_named(text: bytes | None, said: str, tmp_path: Path) -> None:
    path = tmp_path / "trusted.json"
    if text is not None:
        path.write_bytes(text)

    with pytest.raises(ConfigError, match=f"{path}: .*{said}"):
        TrustedKeys.load(path)
