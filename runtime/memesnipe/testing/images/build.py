"""Build an image once for each content, and keep it as an archive that `docker load` and `ctr images import` read.

Run `python -m memesnipe.testing.images.build [runtime|allocator|operator|research|signer|redis …]` to build before you need them.
"""

import hashlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from memesnipe.testing.cluster.tools import cache_folder
from memesnipe.testing.images import secrets
from memesnipe.testing.images.base import base
from memesnipe.testing.images.engine import Engine, an_engine

ROOT = Path(__file__).parents[4]
NAMES = {"runtime": "memesnipe", **{role: f"memesnipe-{role}" for role in ("allocator", "operator", "research", "signer")}}
SHARED = ("Dockerfile.python", ".dockerignore", "pyproject.toml", "README.md", "LICENSE", "scripts/image", "scripts/bootstrap")
SOURCES = ("operator/memesnipe_operator", "runtime/memesnipe", "strategies/memesnipe_strategies")
NOT_IN_AN_IMAGE = "runtime/memesnipe/testing/"
KEPT_MAX = 2
LAYERS_MAX = "8GB"
"""Of layers that a next build may use again: those of all roles are nearly 6 GB, and the compose file's build needs them again."""
_FROM_DEBIAN = """\
ARG BASE
FROM ${BASE}
RUN apt-get update && apt-get install -y --no-install-recommends %s && rm -rf /var/lib/apt/lists/*
"""
STAND_INS = {
    "redis": _FROM_DEBIAN % "redis-server"
    + """\
USER 10001:10001
WORKDIR /data
CMD ["redis-server"]
""",
    "prometheus": _FROM_DEBIAN % "prometheus busybox"
    + """\
RUN ln -s /bin/busybox /usr/local/bin/wget && install -d -o 65534 -g 65534 /prometheus
USER 65534:65534
ENTRYPOINT ["/usr/bin/prometheus"]
""",
    "grafana": _FROM_DEBIAN % "busybox"
    + """\
RUN ln -s /bin/busybox /usr/local/bin/wget && install -d /www/api && echo '{}' > /www/api/health
USER 472:472
ENTRYPOINT ["busybox", "httpd", "-f", "-p", "3000", "-h", "/www"]
""",
}
"""Others' images, of Debian's packages and laid out as the official ones, for tests that cannot pull those. Debian has no Grafana: that one
answers its health check, and nothing else."""


@dataclass(frozen=True)
class Image:
    """An image in an archive, and the name it has when it is loaded: `repository:tag`, the tag made of its content."""

    repository: str
    tag: str
    archive: Path

    @property
    def name(self) -> str:
        """What `docker run` takes."""
        return f"{self.repository}:{self.tag}"

    @property
    def node_name(self) -> str:
        """The same for containerd, which spells the registry out."""
        return f"docker.io/library/{self.name}"


def build(role: str, engine: Engine | None = None) -> Image:
    """Return the image of a role of this checkout; starts an engine only to build. Raises KeyError, NoEngine, RuntimeError."""
    arguments = ["-f", str(ROOT / "Dockerfile.python"), "--build-arg", f"ROLE={role}", str(ROOT)]
    return _kept(NAMES[role], _content(role), arguments, b"", engine)


def stand_in(name: str, engine: Engine | None = None) -> Image:
    """Return an image of STAND_INS. Raises KeyError, NoEngine, RuntimeError."""
    text = STAND_INS[name].encode()
    return _kept(f"memesnipe-test-{name}", hashlib.sha256(text).hexdigest()[:12], ["-"], text, engine)


def _kept(repository: str, tag: str, arguments: list[str], dockerfile: bytes, engine: Engine | None) -> Image:
    image = Image(repository, tag, cache_folder() / "images" / f"{repository}-{tag}.tar")
    if image.archive.exists():
        return image
    image.archive.parent.mkdir(parents=True, exist_ok=True)
    if engine is not None:
        _make(engine, image, arguments, dockerfile)
    else:
        with an_engine() as started:
            _make(started, image, arguments, dockerfile)
    return image


def _make(engine: Engine, image: Image, arguments: list[str], dockerfile: bytes) -> None:
    with secrets.build_secrets() as files:
        options = [*secrets.proxies(), *(word for name, path in files.items() for word in ("--secret", f"id={name},src={path}"))]
        if not engine.networks:
            options += ["--network", "host"]
        engine.must("build", "--build-arg", f"BASE={base(engine)}", "-t", image.name, *options, *arguments, given=dockerfile or None)
    unfinished = image.archive.with_suffix(".unfinished")
    engine.must("save", "-o", unfinished, image.name)
    unfinished.rename(image.archive)
    _forget_old(engine, image)


def _forget_old(engine: Engine, image: Image) -> None:
    """Every change of the sources makes new images of hundreds of megabytes: only the last few stay."""
    tagged = [path for path in image.archive.parent.glob(f"{image.repository}-*.tar") if len(path.stem) == len(image.archive.stem)]
    for old in sorted(tagged, key=lambda path: path.stat().st_mtime, reverse=True)[KEPT_MAX:]:
        old.unlink()
        engine.docker("image", "rm", f"{image.repository}:{old.stem.removeprefix(f'{image.repository}-')}")
    if engine.ours:
        engine.docker("builder", "prune", "--force", "--keep-storage", LAYERS_MAX)


def _content(role: str) -> str:
    """A hash over everything that goes into a role's image, the machine's own settings apart."""
    digest = hashlib.sha256(role.encode())
    for path in sorted(_files(role)):
        relative = path.relative_to(ROOT).as_posix()
        digest.update(f"{relative}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\0".encode())
    return digest.hexdigest()[:12]


def _files(role: str) -> Iterator[Path]:
    for name in (*SHARED, *SOURCES, f"requirements-{role}.lock"):
        below = (ROOT / name).rglob("*") if (ROOT / name).is_dir() else [ROOT / name]
        yield from (path for path in below if path.is_file() and path.suffix != ".pyc" and NOT_IN_AN_IMAGE not in path.as_posix())


def main() -> None:
    """Build the named images, or all, and print where each archive is."""
    for name in sys.argv[1:] or (*NAMES, "redis"):
        image = stand_in(name) if name in STAND_INS else build(name)
        print(f"{image.name} {image.archive}")


if __name__ == "__main__":
    main()
