"""The allocator under its own service account, beside a real API server: it writes spec.mode only where it may and nobody else did."""

from pathlib import Path
from typing import Any

import pytest

from memesnipe.allocator.carrying_out import CarryingOut
from memesnipe.allocator.settings import AllocatorSettings
from memesnipe.kernel.clock import SystemClock
from memesnipe.messages.bounds import Mode
from memesnipe.testing.chart.render import render
from memesnipe.testing.cluster import kubeconfig as kubeconfigs
from memesnipe.testing.desk import CAPTAIN, STRATEGY, Desk

ACCOUNT = "memesnipe-autonomous-allocator"


@pytest.fixture
def account_folder(desk: Desk, tmp_path: Path) -> Path:
    """What a pod of the allocator has mounted: its token, and the API server's authority."""
    desk.cluster.call("POST", f"/api/v1/namespaces/{desk.namespace}/serviceaccounts", {"metadata": {"name": ACCOUNT}})
    access = kubeconfigs.access(desk.cluster.service_account_kubeconfig(desk.namespace, ACCOUNT))
    (tmp_path / "token").write_text(access.token)
    (tmp_path / "ca.crt").write_text(access.authority)
    assert desk.change(STRATEGY, {"mode": None}) == ""
    return tmp_path


def bind(desk: Desk) -> None:
    """Give it what the chart's value gives, in this namespace."""
    values = {"promotion": {"allocatorMayGoLive": True}}
    ours = [m for m in render(values) if m["kind"] in ("Role", "RoleBinding") and m["metadata"]["name"] == ACCOUNT]
    assert len(ours) == 2
    for manifest in ours:
        manifest["metadata"]["namespace"] = desk.namespace
        for subject in manifest.get("subjects", ()):
            subject["namespace"] = desk.namespace
    desk.cluster.apply(*ours)


def mode_of(desk: Desk) -> Any:
    return desk.cluster.call("GET", f"/apis/memesnipe.io/v1alpha1/namespaces/{desk.namespace}/{STRATEGY}")["spec"].get("mode")


async def carry_out(desk: Desk, folder: Path, mode: Mode | None) -> Any:
    """Write a mode as the allocator would; the one that is there then."""
    settings = AllocatorSettings(promote_in_namespace=desk.namespace, kubernetes_url=desk.cluster.url, account_folder=str(folder))
    await CarryingOut(settings, SystemClock()).write({"momentum": mode})
    return mode_of(desk)


async def test_without_the_binding_admission_and_rights_keep_it_from_going_live(desk: Desk, account_folder: Path) -> None:
    assert await carry_out(desk, account_folder, Mode.LIVE) is None


async def test_with_the_binding_a_proposal_goes_live_and_a_demotion_takes_it_back(desk: Desk, account_folder: Path) -> None:
    bind(desk)

    assert await carry_out(desk, account_folder, Mode.LIVE) == "live"
    assert await carry_out(desk, account_folder, None) is None


async def test_what_a_person_wrote_stays(desk: Desk, account_folder: Path) -> None:
    bind(desk)
    assert desk.change(STRATEGY, {"mode": "paper"}, who=CAPTAIN) == ""

    assert await carry_out(desk, account_folder, Mode.LIVE) == "paper"
    assert await carry_out(desk, account_folder, None) == "paper"


async def test_it_may_change_nothing_else_of_the_installation(desk: Desk, account_folder: Path) -> None:
    bind(desk)
    who = f"system:serviceaccount:{desk.namespace}:{ACCOUNT}"

    assert "forbidden" in desk.change("allocations/default", {"capitalSol": 1}, who=who)
    assert "forbidden" in desk.told("DELETE", STRATEGY, who=who)
