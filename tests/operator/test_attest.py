"""attest as its Job runs it: with the Role that the chart gives it and no other, on a real API server."""

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from memesnipe.evidence.record import open_record, to_json
from memesnipe.kernel.errors import ConfigError, Unavailable
from memesnipe.kernel.settings import load
from memesnipe.testing.chart.render import STRATEGIES, STUDY, one, render
from memesnipe.testing.cluster import Cluster
from memesnipe.testing.evidence import a_record
from memesnipe.testing.roles import admit, bound
from memesnipe_operator.api import ApiError
from memesnipe_operator.attest.settings import AttestSettings
from memesnipe_operator.attest.steps import attest
from memesnipe_operator.connection import connected

NAME = "memesnipe-evidence-momentum"
LABELS = {"memesnipe.io/evidence": "momentum"}


@pytest.fixture
def attested(cluster: Cluster, namespace: str, tmp_path: Path) -> "Attested":
    return Attested(cluster, namespace, tmp_path)


class Attested:
    """A namespace with the empty ConfigMap, the account, and the file that a study may write."""

    def __init__(self, cluster: Cluster, namespace: str, folder: Path) -> None:
        self.cluster, self.namespace, self.file = cluster, namespace, folder / "momentum.evidence.json"
        self.path = f"/api/v1/namespaces/{namespace}/configmaps"
        self.put(NAME)
        cluster.call("POST", f"/api/v1/namespaces/{namespace}/serviceaccounts", {"metadata": {"name": "attest"}})
        rules = one(render(STUDY), "Role", "memesnipe-attest", STRATEGIES)["rules"]
        admit(cluster, bound("attest", namespace, {namespace: rules}))

    def put(self, name: str) -> None:
        self.cluster.call("POST", self.path, {"metadata": {"name": name, "labels": LABELS}, "data": {"other": "stays"}})

    def data(self, name: str = NAME) -> dict[str, str]:
        data: dict[str, str] = self.cluster.call("GET", f"{self.path}/{name}")["data"]
        return data

    def env(self) -> dict[str, str]:
        return {
            "MEMESNIPE_RECORD_FILE": str(self.file),
            "MEMESNIPE_STRATEGY": "momentum",
            "MEMESNIPE_STRATEGIES_NAMESPACE": self.namespace,
            "MEMESNIPE_WAIT_S": "0",
            "MEMESNIPE_KUBECONFIG": str(self.cluster.service_account_kubeconfig(self.namespace, "attest")),
        }

    async def run(self, **changes: str) -> None:
        """Attest in this process, under the account of the Job."""
        settings = load(AttestSettings, self.env() | changes)
        async with connected(settings.kubeconfig) as api:
            await attest(api, settings)


def program(env: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("MEMESNIPE_", "KUBE"))}
    command = [sys.executable, "-m", "memesnipe_operator.attest"]
    return subprocess.run(command, env=clean | env, capture_output=True, text=True, timeout=120)


async def test_the_job_writes_the_record_whole_and_leaves_everything_else_there_as_it_is(attested: Attested) -> None:
    attested.file.write_bytes(to_json(a_record()) + b"\n")

    done = program(attested.env())

    assert done.returncode == 0, done.stderr
    assert open_record(attested.data()["record.json"].encode()) == a_record()
    assert attested.data()["other"] == "stays"


async def test_a_failed_record_takes_the_place_of_one_that_passed(attested: Attested) -> None:
    for record in (a_record(), a_record(trades=3)):
        attested.file.write_bytes(to_json(record))
        await attested.run()

    assert open_record(attested.data()["record.json"].encode()) == a_record(trades=3)


async def test_a_record_that_was_edited_is_written_nowhere(attested: Attested) -> None:
    attested.file.write_bytes(to_json(a_record()).replace(b'"trades":400', b'"trades":900'))

    with pytest.raises(ConfigError, match="the record was changed after it was sealed"):
        await attested.run()

    assert attested.data() == {"other": "stays"}


async def test_a_record_that_comes_later_is_waited_for(attested: Attested) -> None:
    waiting = asyncio.ensure_future(attested.run(MEMESNIPE_WAIT_S="60", MEMESNIPE_POLL_S="0.05"))
    await asyncio.sleep(0)  # it looks once, and finds nothing
    attested.file.with_suffix(".part").write_bytes(to_json(a_record()))
    attested.file.with_suffix(".part").replace(attested.file)
    await waiting

    assert "record.json" in attested.data()


async def test_without_a_record_in_time_it_says_that_the_study_is_to_be_asked(attested: Attested) -> None:
    with pytest.raises(Unavailable, match=re.escape("no record within 0.1 s; look at its pod")):
        await attested.run(MEMESNIPE_WAIT_S="0.1", MEMESNIPE_POLL_S="0.05")


@pytest.mark.parametrize("strategy", ["sniper", "nobody"])
async def test_it_may_write_no_other_record_and_make_none(attested: Attested, strategy: str) -> None:
    attested.file.write_bytes(to_json(a_record()))
    attested.put("memesnipe-evidence-sniper")

    with pytest.raises(ApiError, match="HTTP 403"):
        await attested.run(MEMESNIPE_STRATEGY=strategy)

    assert attested.data("memesnipe-evidence-sniper") == {"other": "stays"}


def test_it_says_what_it_was_not_told() -> None:
    with pytest.raises(ConfigError, match="MEMESNIPE_RECORD_FILE: must be set"):
        AttestSettings(strategy="momentum").check()
