"""Where `memesnipe live-check` draws its lines: at each bound what still passes, and one step beyond what no longer does."""

from typing import Any

import pytest

from memesnipe.guard.settings import GuardSettings
from memesnipe.live_check import facts as seen
from memesnipe.live_check.finding import Status
from memesnipe.live_check.judge.balances import reserve_lamports
from memesnipe.live_check.judge.limits import costs_of_order
from memesnipe.messages.bounds import Mode
from memesnipe.signer.settings import SignerSettings
from memesnipe.testing.builders import SOL, a_config, a_strategy, limits
from memesnipe.testing.live_facts import NOW_S, good_facts, said_of

DAY_S = 86_400
OK, WARN, FAIL = Status.OK, Status.WARN, Status.FAIL
LIMITS = limits()
NEEDED = LIMITS.trade_size_lamports_max + costs_of_order(LIMITS) + reserve_lamports(good_facts())
ORDER = LIMITS.trade_size_lamports_max + costs_of_order(LIMITS)


def ahead(ms: float) -> dict[str, Any]:
    return {"offsets": (seen.Offset("rpc", ms, ms + 1_000.0),)}


def behind(ms: float) -> dict[str, Any]:
    return {"offsets": (seen.Offset("rpc", -ms - 1_000.0, -ms),)}


def block(age_ms: float) -> dict[str, Any]:
    return {"offsets": (), "blocks": seen.Blocks(1, 2, 2_000, age_ms)}


def ends_in(seconds: float) -> dict[str, Any]:
    return {"certificates": (seen.Certificate("c", NOW_S + 800 * DAY_S), seen.Certificate("d", NOW_S + seconds))}


def a_policy(**changes: Any) -> dict[str, Any]:
    return {"applied": seen.Applied(a_config(a_strategy(mode=Mode.LIVE), limits=limits(**changes)), {})}


def capital(lamports: int) -> dict[str, Any]:
    return {"applied": seen.Applied(a_config(a_strategy(mode=Mode.LIVE), capital_lamports=lamports), {})}


BOUNDS: list[tuple[str, dict[str, Any], Status]] = [
    ("clock: skew", ahead(1_000.0), OK),
    ("clock: skew", ahead(1_000.1), WARN),
    ("clock: skew", ahead(2_000.0), WARN),
    ("clock: skew", ahead(2_000.1), FAIL),
    ("clock: skew", behind(1_000.0), OK),
    ("clock: skew", behind(2_000.0), WARN),
    ("clock: skew", behind(2_000.1), FAIL),
    ("clock: skew", ahead(float("nan")), FAIL),
    ("clock: skew", block(-2_000.0), OK),
    ("clock: skew", block(-2_000.1), FAIL),
    ("clock: skew", block(30_000.0), OK),
    ("clock: skew", block(30_000.1), FAIL),
    ("clock: skew", {"offsets": (seen.Offset("rpc", 2_500.0, 3_500.0), seen.Offset("jupiter", -500.0, 500.0))}, OK),
    ("clock: skew", {"offsets": (seen.Offset("rpc", 2_500.1, 3_500.0), seen.Offset("jupiter", -500.0, 500.0))}, WARN),
    ("clock: skew", {"offsets": (seen.Offset("rpc", 1_500.0, 2_500.0), seen.Offset("jupiter", 1_500.0, 1_500.0))}, WARN),
    ("keys: certificates", ends_in(90 * DAY_S + 1), OK),
    ("keys: certificates", ends_in(90 * DAY_S), WARN),
    ("keys: certificates", ends_in(7 * DAY_S + 1), WARN),
    ("keys: certificates", ends_in(7 * DAY_S), FAIL),
    ("endpoints: rpc", {"health": seen.Health("", 1_000)}, OK),
    ("endpoints: rpc", {"health": seen.Health("", 1_001)}, WARN),
    ("endpoints: blocks", {"blocks": seen.Blocks(5, 6, 2_000, 1.0)}, OK),
    ("endpoints: blocks", {"blocks": seen.Blocks(5, 5, 2_000, 1.0)}, FAIL),
    ("endpoints: blocks", {"blocks": seen.Blocks(5, 4, 2_000, 1.0)}, FAIL),
    ("endpoints: rate limits", {"headroom": seen.Headroom({"rpc": 2})}, OK),
    ("endpoints: rate limits", {"headroom": seen.Headroom({"rpc": 1})}, WARN),
    ("endpoints: tip floor", {"tip_floor": LIMITS.tip_lamports_max}, OK),
    ("endpoints: tip floor", {"tip_floor": LIMITS.tip_lamports_max + 1}, WARN),
    ("endpoints: priority fee", {"priority_fee": 12_500_000}, OK),  # 400,000 units: exactly the cap of 5,000,000 lamports
    ("endpoints: priority fee", {"priority_fee": 12_500_001}, WARN),
    ("limits: policy", a_policy(token_exposure_lamports_max=SOL // 2), OK),
    ("limits: policy", a_policy(token_exposure_lamports_max=SOL // 2 - 1), FAIL),
    ("limits: trade size", {"signer": SignerSettings(size_lamports_max=SOL // 2)}, OK),
    ("limits: trade size", {"signer": SignerSettings(size_lamports_max=SOL // 2 - 1)}, FAIL),
    ("limits: trade size", {"guard": GuardSettings(guard_trade_size_lamports_max=SOL // 2)}, OK),
    ("limits: trade size", {"guard": GuardSettings(guard_trade_size_lamports_max=SOL // 2 - 1)}, FAIL),
    ("limits: trade size", a_policy(guard_trade_size_lamports_max=SOL // 2 - 1), FAIL),
    ("limits: spend", a_policy(spend_lamports_per_hour_max=ORDER), OK),
    ("limits: spend", a_policy(spend_lamports_per_hour_max=ORDER - 1), FAIL),
    ("limits: tip and fee", {"signer": SignerSettings(tip_lamports_max=5_000_000)}, OK),
    ("limits: tip and fee", {"signer": SignerSettings(tip_lamports_max=4_999_999)}, FAIL),
    ("limits: tip and fee", {"signer": SignerSettings(priority_fee_lamports_max=4_999_999)}, FAIL),
    ("limits: tip and fee", {"guard": GuardSettings(sender_url="https://s")}, OK),
    ("limits: tip and fee", {"guard": GuardSettings(jito_url="https://j"), **a_policy(tip_lamports_max=999)}, FAIL),
    ("limits: tip and fee", {"guard": GuardSettings(jito_url="https://j", tip_lamports=1_000), **a_policy(tip_lamports_max=1_000)}, OK),
    ("limits: tip and fee", {"guard": GuardSettings(tip_lamports=999), **a_policy(tip_lamports_max=999)}, OK),
    ("limits: tip and fee", {"guard": GuardSettings(sender_url="https://s"), **a_policy(tip_lamports_max=1_000_000)}, OK),
    ("limits: tip and fee", a_policy(priority_fee_lamports_max=20_000), OK),  # exactly what 400,000 units at 50,000 micro-lamports cost
    ("limits: tip and fee", a_policy(priority_fee_lamports_max=19_999), WARN),
    ("safety: fill commitment", {"guard": GuardSettings(fill_commitment="finalized")}, OK),
    ("limits: tip and fee", {"guard": GuardSettings(sender_url="https://s/?swqos_only=true"), **a_policy(tip_lamports_max=10_000)}, OK),
    ("limits: tip and fee", {"guard": GuardSettings(sender_url="https://s/?swqos_only=true"), **a_policy(tip_lamports_max=4_999)}, FAIL),
    ("limits: tip and fee", {"guard": GuardSettings(tip_lamports=5_000_000)}, OK),
    ("limits: tip and fee", {"guard": GuardSettings(tip_lamports=5_000_001)}, WARN),
    ("balances: sol", {"balance": NEEDED}, OK),
    ("balances: sol", {"balance": NEEDED - 1}, FAIL),
    ("balances: capital", {"balance": 20 * SOL, **capital(20 * SOL)}, OK),
    ("balances: capital", {"balance": 20 * SOL, **capital(20 * SOL + 1)}, WARN),
    ("balances: wrapped sol", {"holding": seen.Holding({}, 1)}, WARN),
    ("stores: data folder", {"folder": seen.Folder("d", True, 2_048 << 20)}, OK),
    ("stores: data folder", {"folder": seen.Folder("d", True, (2_048 << 20) - 1)}, WARN),
    ("stores: data folder", {"folder": seen.Folder("d", True, 200 << 20)}, WARN),
    ("stores: data folder", {"folder": seen.Folder("d", True, (200 << 20) - 1)}, FAIL),
    ("stores: redis keeps", {"redis_server": seen.RedisServer("noeviction", True, "always")}, OK),
    ("stores: redis keeps", {"redis_server": seen.RedisServer("noeviction", True, "no")}, FAIL),
    ("stores: redis keeps", {"redis_server": seen.RedisServer("noeviction", True, "everysec", write_ok=False)}, FAIL),
]


@pytest.mark.parametrize(("check", "changes", "status"), BOUNDS)
def test_a_bound_is_where_it_is_said_to_be(check: str, changes: dict[str, Any], status: Status) -> None:
    said = said_of(check, good_facts(**changes))

    assert said.status is status, said
