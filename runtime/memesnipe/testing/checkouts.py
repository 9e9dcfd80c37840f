"""A checkout of its own, as somebody new has it after cloning, with a `.venv` of what is installed here.

No download decides whether a test passes; that set-up itself installs what the locks say is what `make up` does on every clone that was
never set up before.
"""

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from memesnipe.testing.stacks import ROOT

_SETTLE = (
    "import sys; sys.path.insert(0, 'scripts'); import setup; [setup.stamp(kind).write_text(setup.wanted(kind)) for kind in ('up', 'dev')]"
)


def checked_out(folder: Path) -> Path:
    """Copy what git would hand out if all that is here were committed, and set it up. No file that it ignores helps. Return the folder."""
    asked = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    listed = subprocess.run(asked, cwd=ROOT, capture_output=True, check=True).stdout.decode()  # noqa: S603 - our own command
    for name in filter(None, listed.split("\0")):
        source, target = ROOT / name, folder / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    _set_up(folder)
    return folder


def _set_up(folder: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", ".venv"], cwd=folder, check=True)
    (packages,) = (folder / ".venv" / "lib").glob("python*/site-packages")
    own = [str(folder / name) for name in ("operator", "runtime", "strategies")]
    (packages / "linked.pth").write_text("\n".join([*own, sysconfig.get_path("purelib")]) + "\n")
    for name in ("memesnipe", "pytest"):
        command = folder / ".venv" / "bin" / name
        command.write_text(f'#!/bin/sh\nexec "$(dirname "$0")/python" -m {name} "$@"\n')
        command.chmod(0o755)
    subprocess.run([sys.executable, "-c", _SETTLE], cwd=folder, check=True)  # noqa: S603 - our own command
