"""A Service of the cluster on a port of this machine, by `kubectl port-forward`, as a person reaches the page."""

import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from memesnipe.testing.cluster.kubectl import kubectl

START_S_MAX = 30.0


@contextmanager
def forwarded(kubeconfig: Path, namespace: str, target: str, port: int) -> Iterator[int]:
    """Yield a local port that leads to `target` (such as `service/memesnipe-redis`). Raises RuntimeError when it cannot be reached."""
    command = [str(kubectl()), f"--kubeconfig={kubeconfig}", "-n", namespace, "port-forward", target, f":{port}"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)  # noqa: S603 - our own command
    too_late = threading.Timer(START_S_MAX, process.kill)
    too_late.start()
    try:
        assert process.stdout is not None  # noqa: S101 - asked for above
        said = process.stdout.readline()
        found = re.search(r"127\.0\.0\.1:(\d+) ->", said)
        too_late.cancel()
        if not found:
            raise RuntimeError(f"port-forward to {target}: {said.strip()}")
        threading.Thread(target=process.stdout.read, daemon=True).start()  # a full pipe would stop it
        yield int(found[1])
    finally:
        too_late.cancel()
        process.kill()
        process.wait()
