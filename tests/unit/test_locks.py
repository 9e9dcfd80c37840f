"""The lock files are one set of versions: what the tests ran on is what a host and the images get."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PARTS = [
    "requirements-up.lock",
    *(f"requirements-{role}.lock" for role in ("allocator", "operator", "research", "runtime", "signer")),
    "scripts/bootstrap/hatchling.lock",
]


def versions(name: str) -> dict[str, str]:
    return dict(re.findall(r"^([\w.-]+)==([^\s;]+)", (ROOT / name).read_text(), re.MULTILINE))


@pytest.mark.parametrize("part", PARTS)
def test_a_part_holds_the_versions_of_the_whole(part: str) -> None:
    whole = versions("requirements.lock")

    assert {name: version for name, version in versions(part).items() if whole.get(name) != version} == {}


@pytest.mark.parametrize("part", PARTS)
def test_every_package_has_a_hash_and_no_index_is_named(part: str) -> None:
    text = (ROOT / part).read_text()

    assert len(re.findall(r"^[\w.-]+==.*\\\n    --hash=sha256:", text, re.MULTILINE)) == len(versions(part))
    assert "index-url" not in text


def test_the_signers_image_installs_a_dozen_packages_and_no_client_of_anything() -> None:
    assert len(versions("requirements-signer.lock")) <= 12
    assert (
        versions("requirements-signer.lock").keys() & {"redis", "httpx", "aiohttp", "kopf", "kubernetes", "sqlalchemy", "pydantic"} == set()
    )
