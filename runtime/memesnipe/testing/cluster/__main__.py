"""`make cluster`: start a cluster, say how to use it, and stop it all on Ctrl-C."""

import argparse
import signal
import sys
import time
from contextlib import suppress

from memesnipe.testing.cluster import Cluster, a_cluster, a_real_node, prepare, prepare_real_node
from memesnipe.testing.cluster.choice import ContextRefused
from memesnipe.testing.cluster.golang import NoGo
from memesnipe.testing.cluster.kubectl import kubectl
from memesnipe.testing.cluster.packages import NoRealNode
from memesnipe.testing.cluster.processes import PartFailed
from memesnipe.testing.cluster.tools import BuildFailed

KINDS = {"kwok": (prepare, a_cluster), "real": (prepare_real_node, a_real_node)}


def main() -> int:
    """Return the exit code: 1 when it could not start."""
    parser = argparse.ArgumentParser(prog="python -m memesnipe.testing.cluster", description=__doc__)
    parser.add_argument("--node", choices=KINDS, default="kwok", help="kwok: pods turn Running without containers; real: they run (root)")
    ready, start = KINDS[parser.parse_args().node]
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # whoever stops us by SIGTERM wants all of it stopped too
    try:
        ready()
        started = time.monotonic()
        with start() as cluster, suppress(KeyboardInterrupt):
            print(_how_to_use(cluster, time.monotonic() - started), flush=True)
            signal.pause()
    except KeyboardInterrupt:
        return 130
    except (BuildFailed, ContextRefused, NoGo, NoRealNode, PartFailed) as error:
        print(f"cluster: {error}", file=sys.stderr)
        return 1
    return 0


def _how_to_use(cluster: Cluster, started_s: float) -> str:
    images = cluster.folder / "containerd.sock"
    load = [f"  ctr --address={images} --namespace=k8s.io images import FILE   # an archive of `docker save`"] if images.exists() else []
    lines = [
        f"cluster: {cluster.description}; up in {started_s:.1f} s. Ctrl-C stops it and removes all of it.",
        f"  export KUBECONFIG={cluster.kubeconfig}",
        f"  {kubectl()} get nodes",
        *load,
        f"  logs: {cluster.folder}/*.log",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
