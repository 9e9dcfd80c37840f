"""Container images for the real node: made from a few static programs, or brought as an archive, and loaded without a registry."""

import hashlib
import io
import json
import platform
import subprocess
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

LOAD_S = 300


class LoadFailed(RuntimeError):  # noqa: N818 - named for what happened, as the product's own
    """containerd did not take an image archive; the message ends with what it said."""


def an_archive(path: Path, reference: str, programs: Mapping[str, Path], entrypoint: Sequence[str]) -> Path:
    """Write an image of one layer that holds `programs` (place in the image -> file), in the format of `docker save`."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        for place, program in programs.items():
            _add(tar, place.lstrip("/"), program.read_bytes(), mode=0o755)
    digest = hashlib.sha256(layer.getvalue()).hexdigest()
    config = {
        "architecture": _architecture(),
        "os": "linux",
        "config": {"Entrypoint": list(entrypoint)},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
    }
    manifest = [{"Config": "config.json", "RepoTags": [reference], "Layers": ["layer.tar"]}]
    with tarfile.open(path, mode="w") as tar:
        _add(tar, "config.json", json.dumps(config).encode())
        _add(tar, "layer.tar", layer.getvalue())
        _add(tar, "manifest.json", json.dumps(manifest).encode())
    return path


def answers(socket: Path) -> bool:
    """Whether a containerd listens on this socket; after a kill the file alone says nothing."""
    command = ["ctr", f"--address={socket}", "--connect-timeout=1s", "version"]
    return subprocess.run(command, capture_output=True, timeout=LOAD_S, check=False).returncode == 0  # noqa: S603 - our own command


def load(socket: Path, archive: Path) -> None:
    """Give an archive (of `docker save`, or an OCI layout) to the kubelet's containerd. Raises LoadFailed."""
    command = ["ctr", f"--address={socket}", "--namespace=k8s.io", "images", "import", str(archive)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LOAD_S, check=False)  # noqa: S603 - our own command
    if done.returncode:
        raise LoadFailed(f"{archive.name} was not loaded: {done.stderr.strip()[-2000:]}")


def _add(tar: tarfile.TarFile, name: str, content: bytes, *, mode: int = 0o644) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), mode
    tar.addfile(entry, io.BytesIO(content))


def _architecture() -> str:
    """What Go calls this machine; containerd ignores an image of another."""
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
