"""A shell into which a page's command is typed as it stands; what follows something is stopped after a while."""

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from memesnipe.testing.documented.typed import Answer

FOLLOWS = re.compile(r"port-forward service|logs .*-f |logs -f ")
FOLLOWED_S = 4
TYPED_S_MAX = 300
STOPPED = 124
"""What `timeout` ends with when it had to end a command."""


def type_in(folder: Path, env: Mapping[str, str], text: str) -> Answer:
    """Run a command in a folder. One that follows something has gone well if it was still at it when it was stopped."""
    follows = bool(FOLLOWS.search(text))
    command = ["timeout", str(FOLLOWED_S if follows else TYPED_S_MAX), "bash", "-o", "pipefail", "-c", text]
    # Nobody is there to answer what a command may ask.
    ran = subprocess.run(  # noqa: S603 - a page's own words
        command, cwd=folder, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TYPED_S_MAX + 60, check=False
    )
    return Answer(0 if follows and ran.returncode == STOPPED else ran.returncode, ran.stdout + ran.stderr)
