"""Make .venv hold exactly what the lock file says, and nothing when it already does. Usage: setup.py up|dev

Needs a bare Python only: where `ensurepip` or even `venv` is missing (Debian splits them off), the pip wheel that lies in
`bootstrap/` does their work. Every download is checked against the hashes in the lock file.
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PIP_WHEEL = next((ROOT / "scripts" / "bootstrap").glob("pip-*.whl"))
PIP_SHA256 = "f3b60b20ffaadd4415ed7957212a38ac63fa4c5fa375bd0f4a797777940fad13"
LOCKS = {"up": ROOT / "requirements-up.lock", "dev": ROOT / "requirements.lock"}
VIRTUALENV = ROOT / ".setup" / "virtualenv"


def main(level: str) -> int:
    """Bring .venv to `level`; return the exit code."""
    if level not in LOCKS:
        print(f"set-up: level must be one of {', '.join(LOCKS)}, not {level!r}", file=sys.stderr)
        return 2
    if satisfied(level):
        return 0
    started = time.monotonic()
    check_pip()
    if not usable():
        say("making .venv")
        create_venv()
    say(f"installing what {LOCKS[level].name} lists, checked by hash (the first time takes a minute or two)")
    pip("install", "--require-hashes", "--no-deps", "-r", LOCKS[level])
    say("installing memesnipe itself, in place")
    pip("install", "--no-deps", "--no-build-isolation", "--quiet", "-e", ROOT)
    stamp(level).write_text(wanted(level))
    say(f"done after {time.monotonic() - started:.0f} s")
    return 0


def satisfied(level: str) -> bool:
    """Whether this level, or one that includes it, is installed already."""
    levels = ["dev"] if level == "dev" else ["up", "dev"]
    return usable() and any(stamp(each).is_file() and stamp(each).read_text() == wanted(each) for each in levels)


def wanted(level: str) -> str:
    """Return what the stamp must say: the content of lock and project file, and which Python."""
    digest = hashlib.sha256()
    for path in (LOCKS[level], ROOT / "pyproject.toml"):
        digest.update(path.read_bytes())
    return f"{digest.hexdigest()} {sys.version_info[:3]} {ROOT}"


def stamp(level: str) -> Path:
    """Return where a level's stamp lies."""
    return VENV / f".installed-{level}"


def usable() -> bool:
    """Whether .venv has a Python that starts."""
    python = VENV / "bin" / "python"
    return python.exists() and subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0


def check_pip() -> None:
    """Refuse a bootstrap wheel that is not the one we reviewed."""
    if hashlib.sha256(PIP_WHEEL.read_bytes()).hexdigest() != PIP_SHA256:
        raise SystemExit(f"set-up: {PIP_WHEEL.name} does not have the expected hash; fetch the repository again")


def create_venv() -> None:
    """Make .venv without pip in it; by `virtualenv` where this Python has no `venv` module."""
    shutil.rmtree(VENV, ignore_errors=True)
    if importlib.util.find_spec("venv") is not None and run([sys.executable, "-m", "venv", "--without-pip", VENV]) == 0:
        return
    say("this Python has no working venv module; using virtualenv instead")
    lock = PIP_WHEEL.with_name("virtualenv.lock")
    run([sys.executable, PIP_WHEEL / "pip", "install", "--quiet", "--require-hashes", "--target", VIRTUALENV, "-r", lock], check=True)
    env = {**os.environ, "PYTHONPATH": str(VIRTUALENV)}
    run([sys.executable, "-m", "virtualenv", "--quiet", "--no-pip", "--no-setuptools", "--no-wheel", VENV], check=True, env=env)


def pip(*arguments: "str | Path") -> None:
    """Run the bootstrap pip inside .venv."""
    options = ["--disable-pip-version-check", "--no-input"]
    run([VENV / "bin" / "python", PIP_WHEEL / "pip", *arguments, *options], check=True)


def run(command: "list[str | Path]", *, check: bool = False, env: "dict[str, str] | None" = None) -> int:
    """Run a command; with `check`, end set-up with its exit code when it fails."""
    code = subprocess.run([str(part) for part in command], check=False, env=env, cwd=ROOT).returncode
    if check and code != 0:
        raise SystemExit(f"set-up: `{' '.join(str(part) for part in command[:4])} …` failed with {code}; see its output above")
    return code


def say(text: str) -> None:
    """Tell the person what happens now."""
    print(f"set-up: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "up"))
