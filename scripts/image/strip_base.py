"""Take out of a base image what only installs or builds things, and compile the standard library, which slim images leave uncompiled."""

import compileall
import py_compile
import shutil
import sysconfig
from collections.abc import Iterator
from pathlib import Path

INSTALLERS = (
    "pip",
    "pip-*",
    "setuptools",
    "setuptools-*",
    "wheel",
    "wheel-*",
    "pkg_resources",
    "_distutils_hack",
    "distutils-precedence.pth",
)


def installers() -> Iterator[Path]:
    """Yield pip and its kin, and the wheels from which Python could install them again."""
    standard, site = Path(sysconfig.get_path("stdlib")), Path(sysconfig.get_path("purelib"))
    for folder in {site, standard / "site-packages", Path("/usr/lib/python3/dist-packages")}:
        for pattern in INSTALLERS:
            yield from folder.glob(pattern)
    yield from Path("/usr/local/bin").glob("pip*")
    yield from Path("/usr/bin").glob("pip*")
    yield from (standard / "ensurepip", Path("/usr/share/python-wheels"))


def remove(path: Path) -> None:
    """Remove a file or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def main() -> None:
    """Strip and compile. What does not compile is left as it is: examples of broken syntax lie among the library's own tests."""
    for path in list(installers()):
        remove(path)
    compileall.compile_dir(
        sysconfig.get_path("stdlib"), quiet=2, workers=0, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH
    )


if __name__ == "__main__":
    main()
