"""Take the page's parts from npm: `python scripts/vendor.py` fetches each package by its lock (SHA-512) and writes the files we serve.

What is served lies in the repository, so that neither a build nor a browser asks anyone; a test holds the files against PACKAGES below.
"""

import base64
import hashlib
import io
import sys
import tarfile
import urllib.request
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
NPM = "https://registry.npmjs.org"


class Package(NamedTuple):
    """One package of npm: what it must hash to, what is taken of it, and where that goes."""

    name: str
    version: str
    sha512: str
    into: str
    files: dict[str, str]
    """Path inside -> SHA-256 of the file as it is served."""


PACKAGES = (
    Package(
        "uplot",
        "1.6.32",
        "KIMVnG68zvu5XXUbC4LQEPnhwOxBuLyW1AHtpm6IKTXImkbLgkMy+jabjLgSLMasNuGGzQm/ep3tOkyTxpiQIw==",
        "runtime/memesnipe/dashboard/static/vendor/uplot",
        {
            "dist/uPlot.iife.min.js": "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f",
            "dist/uPlot.min.css": "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
            "LICENSE": "8f989229699b4fe2f1a0432d0e9edc338a8a911e250e2d1b01ecd770a5f5b1bd",
        },
    ),
    Package(
        "axe-core",
        "4.14.1",
        "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==",
        "tests/data/axe",
        {
            "axe.min.js": "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c",
            "LICENSE": "af175b9d96ee93c21a036152e1b905b0b95304d4ae8c2c921c7609100ba8df7e",
        },
    ),
)


def main() -> int:
    """Fetch everything; return the exit code."""
    for package in PACKAGES:
        fetched = urllib.request.urlopen(f"{NPM}/{package.name}/-/{package.name}-{package.version}.tgz", timeout=60).read()  # noqa: S310 - https, above
        if base64.b64encode(hashlib.sha512(fetched).digest()).decode() != package.sha512:
            print(f"vendor: {package.name} {package.version} is not what was locked", file=sys.stderr)
            return 1
        _unpack(package, fetched)
    return 0


def _unpack(package: Package, fetched: bytes) -> None:
    folder = ROOT / package.into
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=io.BytesIO(fetched)) as tar:
        for inside in package.files:
            member = tar.extractfile(f"package/{inside}")
            assert member is not None, inside  # noqa: S101 - the archive is the locked one
            (folder / Path(inside).name).write_bytes(member.read())


if __name__ == "__main__":
    sys.exit(main())
