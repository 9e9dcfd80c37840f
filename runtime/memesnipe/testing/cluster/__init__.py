"""A real Kubernetes control plane for tests, with nodes that are not real, or with one that is.

    with a_cluster() as cluster:
        cluster.kubectl("get", "nodes")

`a_cluster` needs no root and no Docker; `a_real_node` runs containers, and needs root on Linux. See docs/howto/test-cluster.md.
Product code may not import this package.
"""

from memesnipe.testing.cluster.api import Cluster, NotOurs
from memesnipe.testing.cluster.client import ApiError
from memesnipe.testing.cluster.start import a_cluster, a_real_node, prepare, prepare_real_node
from memesnipe.testing.cluster.tools import tool

__all__ = ["ApiError", "Cluster", "NotOurs", "a_cluster", "a_real_node", "prepare", "prepare_real_node", "tool"]
