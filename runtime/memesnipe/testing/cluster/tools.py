"""The Go programs that tests need, built from pinned modules on first use and kept in a cache.

No package index ships a kube-apiserver, so each tool has a go.mod and a go.sum below tests/cluster/tools. A build is kept under
the hash of that folder's files, the compiler's version and the flags: change any, and the next use builds anew.
Run `python -m memesnipe.testing.cluster.tools [NAME …]` to build before you need them.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from memesnipe.testing.cluster import golang

MODULES = Path(__file__).parents[4] / "tests" / "cluster" / "tools"
CACHE = "MEMESNIPE_TOOL_CACHE"
PROGRESS_S = 15.0
_BUILDX_VERSION = "github.com/docker/buildx/version.Version"
_KUBERNETES_VERSIONS = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")


class BuildFailed(RuntimeError):  # noqa: N818 - named for what happened, as the product's own
    """Go could not build a tool; the message ends with what it said."""


@dataclass(frozen=True)
class Tool:
    """A program: the folder of its go.mod, and its package. `version_of` is the module whose version it carries."""

    folder: str
    package: str
    version_of: str


TOOLS = {
    "etcd": Tool("etcd", "go.etcd.io/etcd/server/v3", "go.etcd.io/etcd/server/v3"),
    **{
        name: Tool("kubernetes", f"k8s.io/kubernetes/cmd/{name}", "k8s.io/kubernetes")
        for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl", "kubelet", "kube-proxy")
    },
    "kwok": Tool("kwok", "sigs.k8s.io/kwok/cmd/kwok", "sigs.k8s.io/kwok"),
    "helm": Tool("helm", "helm.sh/helm/v4/cmd/helm", "helm.sh/helm/v4"),
    "coredns": Tool("coredns", "github.com/coredns/coredns", "github.com/coredns/coredns"),
    "kubeconform": Tool("kubeconform", "github.com/yannh/kubeconform/cmd/kubeconform", "github.com/yannh/kubeconform"),
    "kube-score": Tool("kubescore", "github.com/zegl/kube-score/cmd/kube-score", "github.com/zegl/kube-score"),
    "kube-network-policies": Tool(
        "netpol", "sigs.k8s.io/kube-network-policies/cmd/kube-network-policies/standard", "sigs.k8s.io/kube-network-policies"
    ),
    "compose": Tool("compose", "github.com/docker/compose/v5/cmd", "github.com/docker/compose/v5"),
    "buildx": Tool("buildx", "github.com/docker/buildx/cmd/buildx", "github.com/docker/buildx"),
    "pause": Tool("pause", "memesnipe.io/tools/pause", "memesnipe.io/tools/pause"),
}


def tool(name: str) -> Path:
    """Return the program; the first use builds it, which takes seconds to minutes. Raises BuildFailed, NoGo, KeyError."""
    wanted = TOOLS[name]
    if not (MODULES / wanted.folder).is_dir():
        raise BuildFailed(f"{MODULES / wanted.folder} is missing: clusters for tests are built from the project's checkout")
    compiler = golang.go(cache_folder())
    path = cache_folder() / f"{name}-{_key(wanted, compiler)}" / name
    if not path.exists():
        with _one_at_a_time():
            if not path.exists():  # another process may have built it while we waited
                _build(wanted, compiler, path)
    return path


def version(name: str) -> str:
    """Return the version that go.mod pins, such as "v1.35.3"."""
    wanted = TOOLS[name]
    text = (MODULES / wanted.folder / "go.mod").read_text()
    found = re.search(rf"^\s*(?:require )?{re.escape(wanted.version_of)} (v\S+)", text, re.MULTILINE)
    if not found:
        raise BuildFailed(f"{wanted.folder}/go.mod does not name {wanted.version_of}")
    return found[1]


def module_folder(name: str) -> Path:
    """Return where Go keeps the source of a tool's module, for the files that come with it. Raises BuildFailed."""
    wanted = TOOLS[name]
    command = ["list", "-mod=readonly", "-m", "-f", "{{.Dir}}", wanted.version_of]
    return Path(_run_go(golang.go(cache_folder()), command, MODULES / wanted.folder).strip())


def cache_folder() -> Path:
    """Return the folder that keeps built tools; it may be deleted at any time."""
    given = os.environ.get(CACHE)
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(given) if given else home / "memesnipe" / "tools"


def _key(wanted: Tool, compiler: Path) -> str:
    folder = MODULES / wanted.folder
    parts = [path.read_bytes() for path in sorted(folder.iterdir())]
    parts += [golang.version(compiler, folder).encode(), wanted.package.encode(), " ".join(_flags(wanted)).encode()]
    return hashlib.sha256(b"\0".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()[:16]


def _flags(wanted: Tool) -> list[str]:
    return ["-trimpath", "-mod=readonly", "-ldflags", " ".join(["-s", "-w", *_version_flags(wanted)])]


def _version_flags(wanted: Tool) -> list[str]:
    """Without these the API server and buildx call themselves v0.0.0; clients that compare versions misbehave, compose builds nothing."""
    if wanted.package == TOOLS["buildx"].package:
        return [f"-X {_BUILDX_VERSION}={version('buildx')}"]
    if wanted.version_of != "k8s.io/kubernetes":
        return []
    full = version("kube-apiserver")
    major, minor = full.removeprefix("v").split(".")[:2]
    values = {"gitVersion": full, "gitMajor": major, "gitMinor": minor, "gitCommit": "unknown", "gitTreeState": "archive"}
    values["buildDate"] = "1970-01-01T00:00:00Z"
    return [f"-X {package}.{name}={value}" for package in _KUBERNETES_VERSIONS for name, value in values.items()]


def _build(wanted: Tool, compiler: Path, path: Path) -> None:
    """Build beside the place and rename: a reader sees all of the program or none."""
    unfinished = path.parent.with_name(f"{path.parent.name}.{os.getpid()}")
    try:
        with _progress(path.name):
            _run_go(compiler, ["build", *_flags(wanted), "-o", str(unfinished / path.name), wanted.package], MODULES / wanted.folder)
        unfinished.rename(path.parent)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _run_go(compiler: Path, arguments: list[str], folder: Path) -> str:
    command = [str(compiler), *arguments]
    done = subprocess.run(command, cwd=folder, env=golang.environment(compiler), capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    if done.returncode:
        raise BuildFailed(f"`go {arguments[0]}` failed in {folder}:\n{done.stderr[-4000:]}")
    return done.stdout


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Two builds at once would need twice the memory (1.9 GB for the API server) and end no sooner."""
    cache_folder().mkdir(parents=True, exist_ok=True)
    with (cache_folder() / "build.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def _progress(name: str) -> Iterator[None]:
    started, done = time.monotonic(), threading.Event()

    def say(what: str) -> None:
        print(f"cluster tools: {what} {name}, {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)

    def tick() -> None:
        while not done.wait(PROGRESS_S):
            say("still building")

    say("building")
    ticker = threading.Thread(target=tick, daemon=True)
    ticker.start()
    try:
        yield
        say("built")
    finally:
        done.set()
        ticker.join()


def main() -> None:
    """Build the named tools, or all, and print where they are."""
    for name in sys.argv[1:] or TOOLS:
        print(tool(name))


if __name__ == "__main__":
    main()
