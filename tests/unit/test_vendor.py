"""What is served of others is what was taken from npm, with its licence beside it."""

import hashlib
import importlib.util
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_vendored_file_is_the_one_that_was_locked() -> None:
    spec = importlib.util.spec_from_file_location("vendor", ROOT / "scripts" / "vendor.py")
    assert spec is not None
    assert spec.loader is not None
    vendor = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(vendor)

    for package in vendor.PACKAGES:
        folder = ROOT / package.into
        assert {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()} == {
            Path(inside).name: digest for inside, digest in package.files.items()
        }
        assert "LICENSE" in package.files
