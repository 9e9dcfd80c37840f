"""Docker's command line as the pages ask for it: with `compose`, and with `buildx`, by which compose builds.

Debian 12 has neither, and a machine's own may be of any age: these are the versions that each one's go.mod pins.
"""

import os
from pathlib import Path

from memesnipe.testing.cluster.tools import tool

KEPT = ("config.json", "contexts")
"""What a machine's own settings say of registries, proxies and engines."""


def settings(folder: Path) -> Path:
    """Fill a folder for DOCKER_CONFIG and return it; the first use builds the two programs. Raises BuildFailed, NoGo."""
    own = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
    for name in KEPT:
        if (own / name).exists():
            (folder / name).symlink_to(own / name)
    plugins = folder / "cli-plugins"
    plugins.mkdir()
    for name in ("compose", "buildx"):
        (plugins / f"docker-{name}").symlink_to(tool(name))
    return folder
