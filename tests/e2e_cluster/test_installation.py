"""The whole product on a real node, installed by Helm and driven by kubectl: trade, go live, be hurt, be upgraded.

The tests share one installation and run in this order; each leaves it trading, with nothing halted.
"""

import contextlib
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from memesnipe.bus.topology import KILL_SWITCH
from memesnipe.testing.browser import a_tab, chromium
from memesnipe.testing.installation.installed import NAMESPACES, STRATEGIES, Installation
from memesnipe.testing.installation.watching import observed
from memesnipe.testing.stacks import ROOT, until

Say = Callable[[str], None]
MANIFEST = ROOT / "strategies" / "memesnipe_strategies" / "momentum.yaml"
QUICK, BUSY = (Path(__file__).with_name(name) for name in ("quick.yaml", "busy.yaml"))
BUSY_BUYS = "SELECT count(*) FROM fills WHERE strategy = 'busy' AND mode = 'live' AND side = 'buy' AND status = 'filled'"
LIVE_SELLS = "SELECT count(*) FROM fills WHERE mode = 'live' AND side = 'sell' AND status = 'filled'"
FILLS = "SELECT count(*) FROM fills"
QUIET_S = 10
"""A transaction that is on its way lands within seconds, on a busy machine, too: what is reconciled must have come to rest."""
OPEN = "SELECT opened_intent_id FROM positions WHERE mode = 'live' AND units > 0"
CLOSED = "SELECT opened_intent_id FROM trades WHERE mode = 'live'"
DOUBLED = "SELECT intent_id FROM fills WHERE status = 'filled' GROUP BY intent_id HAVING count(*) > 1"


def count(installation: Installation, question: str) -> int:
    answer = installation.ledger(question)
    return int(str(answer[0][0])) if answer else 0


def condition(installation: Installation, kind: str) -> dict[str, str]:
    conditions = installation.strategy().get("status", {}).get("conditions", [])
    return next((one for one in conditions if one["type"] == kind), {})


def settle(installation: Installation) -> None:
    """Stop new risk and wait until nothing moves."""
    installation.kill_switch("Halted", "test: quiet")
    until(lambda: not moves(installation), 180, "nothing in flight")


def moves(installation: Installation) -> bool:
    before = count(installation, FILLS)
    try:
        until(lambda: count(installation, FILLS) != before, QUIET_S, "a change")
    except AssertionError:
        return False
    return True


def resume(installation: Installation) -> None:
    installation.kill_switch("Active", "test: go on")


def reconciled(installation: Installation) -> None:
    code, told = installation.command("reconcile")
    assert code == 0, told
    assert installation.ledger(DOUBLED) == []


def test_a_strategy_that_is_applied_trades_on_paper_and_the_page_shows_its_fill(
    installation: Installation, say: Say, tmp_path: Path
) -> None:
    def paper_fills() -> list[dict[str, str]]:
        with contextlib.suppress(RuntimeError, OSError):
            return [fill for fill in installation.snapshot()["fills"] if (fill["strategy"], fill["mode"]) == ("momentum", "paper")]
        return []

    applied = time.monotonic()
    installation.kubectl("apply", "-n", STRATEGIES, "-f", str(MANIFEST))
    until(lambda: any(p["metadata"]["namespace"] == STRATEGIES for p in installation.pods()), 120, "a pod for the strategy")
    installation.until_ready(120)
    ready_s = time.monotonic() - applied
    until(paper_fills, 240, "a paper fill on the page")
    filled_s = time.monotonic() - applied
    if program := chromium():
        with installation.page() as url, a_tab(program, tmp_path / "profile") as tab:
            tab.open(url, width=1280, height=900)
            tab.wait_for("document.body.innerText.includes('momentum')")
            tab.picture(tmp_path / "page.png")
        say(f"picture of the page: {tmp_path / 'page.png'}")

    say(f"{installation.figures}; apply to a ready pod {ready_s:.1f} s, to a paper fill on the page {filled_s:.0f} s")
    assert installation.strategy()["status"]["mode"] == "paper"


def test_a_patch_takes_it_live_and_the_ledger_equals_the_chain_to_the_lamport(installation: Installation, say: Say) -> None:
    installation.kubectl("apply", "-n", STRATEGIES, "-f", str(QUICK))
    patched = time.monotonic()
    installation.patch("strategy", "quick", {"mode": "live"})
    until(lambda: count(installation, LIVE_SELLS) >= 1, 400, "a live buy and sell")
    sold_s = time.monotonic() - patched
    # Not before: the limit of a token holds for both together, and momentum, as it is shipped, keeps what it bought for minutes.
    patched = time.monotonic()
    installation.patch("strategy", "momentum", {"mode": "live"})
    until(lambda: condition(installation, "Live").get("status") == "True", 120, "the Strategy is live")
    live_s = time.monotonic() - patched
    settle(installation)

    reconciled(installation)

    say(f"patch to live {live_s:.1f} s, to the first live round trip of a quick one {sold_s:.0f} s; ledger and chain agree")
    assert condition(installation, "EvidencePassed")["reason"] == "Waived"
    installation.patch("strategy", "quick", {"mode": "paper"})
    resume(installation)


def test_the_kill_switch_stops_new_risk_within_a_second(installation: Installation, say: Say) -> None:
    installation.kubectl("apply", "-n", STRATEGIES, "-f", str(BUSY))
    until(lambda: count(installation, BUSY_BUYS) >= 1, 120, "a live buy of a strategy that trades all the time")
    with observed(installation.redis, "busy") as watch, installation.redis() as redis:
        until(lambda: len(watch.buys_approved_ms(redis)) >= 8, 120, "buys that are approved")
        commanded_ms = time.time_ns() // 1_000_000
        installation.kill_switch("Halted", "test: stop")
        until(lambda: not moves(installation), 180, "nothing in flight")
        approved_ms = watch.buys_approved_ms(redis)
        halted_ms = int(redis.xrevrange(KILL_SWITCH.name, count=1)[0][0].partition(b"-")[0])

    per_s = (len(approved_ms) - 1) * 1_000 / (approved_ms[-1] - approved_ms[0])
    say(
        f"{per_s:.1f} buys a second were approved; `kubectl patch` to the halt in Redis {halted_ms - commanded_ms} ms, "
        f"to the last approval of a buy {approved_ms[-1] - commanded_ms} ms (negative: before the patch)"
    )
    resume(installation)
    assert halted_ms - commanded_ms <= 1_000
    assert approved_ms[-1] - commanded_ms <= 1_000


def test_every_pod_killed_in_turn_loses_no_position_and_the_ledger_stays_exact(installation: Installation, say: Say) -> None:
    until(lambda: installation.ledger(OPEN), 300, "an open live position")
    held = set(installation.ledger(OPEN))
    took = {}

    for pod in installation.pods():
        killed = time.monotonic()
        installation.kubectl("delete", "pod", pod["metadata"]["name"], "-n", pod["metadata"]["namespace"], "--grace-period=0", "--force")
        until(lambda gone=pod: all(p["metadata"]["uid"] != gone["metadata"]["uid"] for p in installation.pods()), 120, "gone")  # type: ignore[misc]
        installation.until_ready(180)
        took[pod["metadata"]["labels"]["app.kubernetes.io/component"]] = time.monotonic() - killed
        held |= set(installation.ledger(OPEN))
    before = count(installation, LIVE_SELLS)
    until(lambda: count(installation, LIVE_SELLS) > before, 400, "a sell after the last kill")
    settle(installation)
    lost = held - set(installation.ledger(OPEN)) - set(installation.ledger(CLOSED))

    say("killed and ready again: " + ", ".join(f"{name} {seconds:.0f} s" for name, seconds in took.items()))
    reconciled(installation)
    assert lost == set()
    resume(installation)


def test_an_upgrade_rolls_every_pod_and_loses_no_order(installation: Installation, say: Say) -> None:
    before = {pod["metadata"]["uid"] for pod in installation.pods()}
    with observed(installation.redis, "busy") as watch:
        started = time.monotonic()
        installation.release.upgrade("logLevel=DEBUG")
        until(lambda: rolled(installation, before), 240, "new pods")
        installation.until_ready(240)
        rolled_s = time.monotonic() - started
        with installation.redis() as redis:
            enough = len(watch.asked(redis)) + 10
            until(lambda: len(watch.asked(redis)) >= enough, 300, "ten orders after the upgrade")
        settle(installation)
        with installation.redis() as redis:
            until(lambda: set(watch.asked(redis)) <= set(watch.ends(redis)), 120, "an end of every order")
            asked, ends = watch.asked(redis), watch.ends(redis)

    say(f"upgraded in {rolled_s:.0f} s; {len(asked)} orders, each ended once")
    assert {order: ends[order] for order in asked if ends[order] != 1} == {}
    assert len(asked) == len(set(asked))
    reconciled(installation)
    resume(installation)


def rolled(installation: Installation, before: set[str]) -> bool:
    """Whether every pod that carries the changed setting is a new one; Redis and the localnet do not carry it."""
    stays = ("redis", "localnet")
    now = {p["metadata"]["uid"] for p in installation.pods() if p["metadata"]["labels"]["app.kubernetes.io/component"] not in stays}
    return not now & before


def test_the_charts_own_tests_pass(installation: Installation) -> None:
    tested = installation.release.test()

    assert tested.returncode == 0, tested.stdout + tested.stderr


@pytest.mark.parametrize("namespace", NAMESPACES)
def test_no_pod_could_do_more_than_it_must(installation: Installation, namespace: str) -> None:
    pods = [pod for pod in installation.pods(finished=True) if pod["metadata"]["namespace"] == namespace]

    assert pods
    assert [p["metadata"]["name"] for p in pods if not confined(p["spec"])] == []


def confined(spec: dict) -> bool:  # type: ignore[type-arg]
    containers = [*spec["containers"], *spec.get("initContainers", [])]
    secure = [one.get("securityContext", {}) for one in containers]
    return spec["securityContext"]["runAsNonRoot"] and all(
        s.get("readOnlyRootFilesystem") and s.get("allowPrivilegeEscalation") is False and s["capabilities"]["drop"] == ["ALL"]
        for s in secure
    )


REACHED = """
import concurrent.futures, socket, sys
def reached(door):
    name, host, port = door.split("=")
    try:
        socket.create_connection((host, int(port)), 3).close()
    except OSError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return ""
    return name
with concurrent.futures.ThreadPoolExecutor() as doors:
    print(*filter(None, doors.map(reached, sys.argv[1:])), sep="\\n")
"""
"""All doors at once: each that is shut takes its three seconds."""
DOORS = {
    "signer": ("memesnipe-signer.memesnipe-signer.svc", 8091),
    "redis": ("memesnipe-redis.memesnipe.svc", 6379),
    "localnet": ("memesnipe-localnet.memesnipe.svc", 8899),
    "API server": ("kubernetes.default.svc", 443),
}
OPEN_TO = {
    "wallet-guard": {"signer", "redis", "localnet"},
    "risk-guardian": {"redis"},
    "position-manager": {"redis", "localnet"},
    "executor": {"redis"},
    "operator": {"redis", "localnet", "API server"},
    "signer": set(),
}


@pytest.mark.parametrize("component", OPEN_TO)
def test_a_pod_reaches_what_it_needs_and_no_other_door(installation: Installation, component: str) -> None:
    if not installation.cluster.enforces_network_policies:
        pytest.skip("this kernel cannot enforce network policies; tests/chart judges them by what they say")
    pod = next(p for p in installation.pods() if p["metadata"]["labels"]["app.kubernetes.io/component"] == component)
    doors = (f"{name}={host}={port}" for name, (host, port) in DOORS.items())

    told = installation.kubectl("exec", "-n", pod["metadata"]["namespace"], pod["metadata"]["name"], "--", "python", "-c", REACHED, *doors)

    assert set(told.split("\n")) - {""} == OPEN_TO[component]


def test_only_who_needs_the_api_server_has_a_token(installation: Installation) -> None:
    with_token = {
        pod["metadata"]["labels"]["app.kubernetes.io/component"]
        for pod in installation.pods()
        if any(
            "serviceAccountToken" in source
            for volume in pod["spec"]["volumes"]
            for source in volume.get("projected", {}).get("sources", [])
        )
    }

    assert with_token == {"operator"}
