"""What `kubectl get` shows: is it trading, is it making money, and if not, why not; capital, weights, and who is halted."""

import re
import time

import pytest

from memesnipe.bus import topology
from memesnipe.messages.bounds import Mode
from memesnipe.messages.control import AllocationDecision, StrategyAllocation
from memesnipe.testing.builders import MINT, OTHER_MINT, an_intent
from memesnipe.testing.operators import Shared
from memesnipe.testing.redis_seen import SOL


@pytest.fixture(scope="module")
def desk(shared: Shared) -> Shared:
    """Three Strategies: one trades on paper and holds something, one is live, one is paused."""
    shared.resources.strategy("momentum")
    shared.resources.strategy("launch-sniper", "launch-sniper", mode="live")
    shared.resources.strategy("mean-reversion", paused=True)
    shared.resources.until_trading("momentum", "launch-sniper")
    shared.resources.until(lambda: shared.resources.status("mean-reversion").get("why"), "the paused one says why")
    return shared


def a_decision(*weights_bps: tuple[str, int]) -> AllocationDecision:
    now_ns = time.time_ns()
    shares = [StrategyAllocation(name, 3, bps, 20 * SOL * bps // 10_000, now_ns) for name, bps in weights_bps]
    return AllocationDecision(3, now_ns, "ab" * 16, "sharpe", "rebalanced by Sharpe ratio", tuple(shares))


def test_pnl_positions_drawdown_and_the_last_signal_are_shown(desk: Shared) -> None:
    desk.seen.hold("momentum", MINT, OTHER_MINT, mode=Mode.PAPER, realized_sol=0.5)
    desk.resources.until(lambda: desk.resources.status("momentum").get("pnlSol") == "+2.500", "profit: realized, and at the last price")
    desk.seen.publish_to(topology.INTENTS.of("momentum"), an_intent())
    desk.seen.hold("momentum", MINT, mode=Mode.PAPER, realized_sol=0.5)

    desk.resources.until(lambda: desk.resources.status("momentum").get("pnlSol") == "+1.500", "less profit")
    desk.resources.until(lambda: desk.resources.status("momentum").get("lastSignalTime"), "there was a signal")

    status = desk.resources.status("momentum")
    assert (status["openPositions"], status["drawdownBps"]) == (1, 500)  # 1 SOL below the highest, of 20 SOL


def test_the_allocators_weights_are_mirrored(desk: Shared) -> None:
    desk.seen.publish(topology.ALLOCATIONS, a_decision(("momentum", 6_000), ("launch-sniper", 4_000)))

    desk.resources.until(lambda: desk.resources.status("default", "allocations").get("decisionVersion") == 3, "the decision is shown")
    status = desk.resources.status("default", "allocations")
    assert (status["inForce"], status["method"], status["capitalSol"]) == ("Yes", "sharpe", "+20.000")
    assert status["weights"] == [
        {"strategy": "momentum", "weightBps": 6_000, "capitalSol": "+12.000"},
        {"strategy": "launch-sniper", "weightBps": 4_000, "capitalSol": "+8.000"},
    ]


def test_limits_are_in_force_when_services_can_read_them(desk: Shared) -> None:
    desk.resources.change("riskpolicies", "default", {"drawdownBpsMax": 1_500})

    config = desk.seen.configs
    desk.resources.until(lambda: config()[-1].limits.drawdown_bps_max == 1_500, "services can read it")
    desk.resources.until(
        lambda: desk.resources.status("default", "riskpolicies").get("configVersion") == config()[-1].version, "the status says so"
    )
    status = desk.resources.status("default", "riskpolicies")
    assert (status["inForce"], status["policyHash"], status["halt"]) == ("Yes", config()[-1].policy_hash, "Active")


def test_a_changed_capital_is_in_force_under_another_version(desk: Shared) -> None:
    before = desk.seen.configs()[-1].version

    desk.resources.change("allocations", "default", {"capitalSol": 19})

    desk.resources.until(lambda: desk.seen.configs()[-1].capital_lamports == 19 * SOL, "services can read it")
    desk.resources.until(lambda: desk.resources.status("default", "allocations").get("configVersion", 0) > before, "the status says so")
    assert desk.resources.condition("default", "InForce", "allocations")["status"] == "True"
    desk.resources.allocation()


def test_kubectl_get_answers_whether_it_trades_and_whether_it_makes_money(desk: Shared) -> None:
    desk.seen.hold("momentum", MINT, mode=Mode.PAPER, realized_sol=-1.25)
    desk.seen.publish(topology.ALLOCATIONS, a_decision(("momentum", 6_000), ("launch-sniper", 4_000)))
    desk.resources.until(lambda: desk.resources.status("momentum").get("pnlSol") == "-0.250", "the loss is shown")
    desk.resources.until(lambda: desk.resources.status("default", "allocations").get("decisionVersion"), "the weights are shown")

    shown = {kind: desk.resources.kubectl("get", kind).stdout for kind in ("strategies", "allocations", "riskpolicies")}

    print("\n" + "\n".join(f"$ kubectl get {kind}\n{text}" for kind, text in shown.items()))
    strategies = columns(shown["strategies"])
    assert list(strategies[0]) == ["NAME", "MODE", "TRADING", "WHY", "POSITIONS", "PNL(SOL)", "DRAWDOWN(BPS)", "LAST-SIGNAL", "AGE"]
    by_name = {row["NAME"]: row for row in strategies}
    assert {name: (row["MODE"], row["TRADING"]) for name, row in by_name.items()} == {
        "momentum": ("paper", "Yes"),
        "launch-sniper": ("live", "Yes"),
        "mean-reversion": ("paper", "No"),
    }
    assert (by_name["momentum"]["POSITIONS"], by_name["momentum"]["PNL(SOL)"]) == ("1", "-0.250")
    assert (by_name["launch-sniper"]["WHY"], by_name["mean-reversion"]["WHY"]) == ("", "spec.paused is true")
    [allocation], [policy] = columns(shown["allocations"]), columns(shown["riskpolicies"])
    assert (allocation["CAPITAL(SOL)"], allocation["IN-FORCE"]) == ("20", "Yes")
    assert (policy["HALT"], policy["IN-FORCE"]) == ("Active", "Yes")


def columns(text: str) -> list[dict[str, str]]:
    """Read kubectl's table by where its headers begin."""
    header, *rows = text.splitlines()
    starts = [match.start() for match in re.finditer(r"\S+", header)]
    ends = [*starts[1:], None]
    names = [header[start:end].strip() for start, end in zip(starts, ends, strict=True)]
    return [{name: row[start:end].strip() for name, start, end in zip(names, starts, ends, strict=True)} for row in rows]
