"""The control groups that a real node's pods are counted in: a top of the cluster's own on the host, made and removed here."""

import time
from contextlib import suppress
from pathlib import Path

from memesnipe.testing.cluster.folders import PREFIX, is_orphan

ROOT = Path("/sys/fs/cgroup")
GONE_S = 5.0


def make(name: str) -> None:
    """Make the cluster's top in every hierarchy, so that two nodes on one host do not tidy up each other's groups."""
    for top in _tops(name):
        top.mkdir()


def remove(name: str) -> None:
    """Remove a stopped cluster's groups; a group stays busy until the kernel is done with its last process."""
    deadline = time.monotonic() + GONE_S
    while any(top.exists() for top in _tops(name)) and time.monotonic() < deadline:
        for top in _tops(name):
            _remove_tree(top)
        time.sleep(0.02)


def remove_orphans() -> None:
    """Remove what killed test runs have left."""
    for name in {top.name for root in _roots() for top in root.glob(f"{PREFIX}*")}:
        if is_orphan(name):
            remove(name)


def _remove_tree(top: Path) -> None:
    """The deepest first, as the kernel demands. No `rmtree`: the files inside cannot be removed, and need not be."""
    groups = [group for group in top.rglob("*") if group.is_dir()] if top.exists() else []
    for group in [*sorted(groups, reverse=True), top]:
        with suppress(OSError):  # still busy, or gone
            group.rmdir()


def _tops(name: str) -> list[Path]:
    return [root / name for root in _roots()]


def _roots() -> list[Path]:
    """One hierarchy (cgroup v2), or one for each controller (v1)."""
    if (ROOT / "cgroup.controllers").exists():
        return [ROOT]
    return [root for root in ROOT.iterdir() if root.is_dir() and not root.is_symlink()]
