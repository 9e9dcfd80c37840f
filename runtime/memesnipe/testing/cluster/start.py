"""Starting a cluster for tests and taking it down again, whatever happens in between: the one that `choice` names."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from memesnipe.testing.cluster import choice, control_plane, kind, kwok, node, tools, volumes
from memesnipe.testing.cluster.api import Cluster, RealNode
from memesnipe.testing.cluster.folders import a_folder
from memesnipe.testing.cluster.kubectl import kubectl

TOOLS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok")


@contextmanager
def a_cluster(*, nodes: int = 1) -> Iterator[Cluster]:
    """Yield a cluster whose API server, controllers and scheduler are real; where we start it, its nodes are not (kwok).

    Raises ContextRefused for a given kubeconfig that is not for tests, BuildFailed and NoGo when tools cannot be built, PartFailed.
    """
    chosen = choice.choose()
    with ExitStack() as stack:
        folder = stack.enter_context(a_folder())
        if chosen.config is not None:
            yield _given(chosen.config, folder)
            return
        found = _by_kind(stack, folder) if chosen.how == "kind" else None
        if found is not None:
            _fill_with_kwok(stack, found, nodes)
        yield found or stack.enter_context(_built(folder, nodes))


@contextmanager
def a_real_node() -> Iterator[Cluster]:
    """Yield a cluster with a node that runs containers. Raises as `a_cluster`, and NoRealNode where this machine cannot."""
    chosen = choice.choose()
    with ExitStack() as stack:
        folder = stack.enter_context(a_folder())
        if chosen.config is not None:
            yield _given(chosen.config, folder)
            return
        found = _by_kind(stack, folder) if chosen.how == "kind" else None
        yield found or stack.enter_context(node.a_node(folder))


def prepare() -> None:
    """Build what `a_cluster` will need, so that the wait is not inside a test. Raises as `tool` does."""
    how = choice.choose().how
    for name in {"built": TOOLS, "kind": ("kwok",), "given": ()}[how]:
        tools.tool(name)
    kubectl()


def prepare_real_node() -> None:
    """The same for `a_real_node`. Raises NoRealNode too."""
    if choice.choose().how == "built":
        node.prepare()
    kubectl()


def _given(config: Path, folder: Path) -> Cluster:
    cluster = Cluster(config, folder, "")
    cluster.description = _describe(cluster, "given")
    return cluster


@contextmanager
def _built(folder: Path, nodes: int) -> Iterator[Cluster]:
    plane = control_plane.start(folder)
    try:
        fake = kwok.part(plane.config_of("kwok", user="kwok", group=control_plane.ADMIN_GROUP), folder)
        plane.adopt(fake)
        kwok.add_nodes(plane.client, fake, nodes)
        volumes.add(plane.client, "test-node-0", folder)
        cluster = Cluster(plane.admin_config, folder, "", plane)
        versions = ", ".join(f"{name} {tools.version(name).removeprefix('v')}" for name in ("etcd", "kwok"))
        cluster.description = f"{_describe(cluster, 'built')}, {versions}"
        yield cluster
    finally:
        plane.stop()


def _by_kind(stack: ExitStack, folder: Path) -> Cluster | None:
    """Fall back, audibly, when `kind` cannot: an engine that runs may still be unable to pull the node image."""
    try:
        made = stack.enter_context(kind.a_kind_cluster(folder))
    except kind.KindFailed as error:
        print(f"cluster: {error}\ncluster: using parts we build instead", file=sys.stderr, flush=True)
        return None
    cluster = Cluster(made.config, folder, "", node=RealNode(made.load_image))
    cluster.description = _describe(cluster, "kind")
    return cluster


def _fill_with_kwok(stack: ExitStack, cluster: Cluster, nodes: int) -> None:
    """A kind node pulls images; what tests of the operator deploy has none. So they get nodes that need none here too."""
    fake = kwok.part(cluster.kubeconfig, cluster.folder)
    stack.callback(fake.stop)
    fake.start()
    kwok.keep_others_empty(cluster.client)
    kwok.add_nodes(cluster.client, fake, nodes)


def _describe(cluster: Cluster, how: str) -> str:
    return f"real kube-apiserver {cluster.call('GET', '/version')['gitVersion']} ({how})"
