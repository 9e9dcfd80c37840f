"""Do the limits fit each other? Of several caps the smallest bites; one that bites unseen refuses orders that another let pass. Pure."""

from collections.abc import Iterator

from memesnipe.chain import costs
from memesnipe.chain.programs import HELIUS_SWQOS_TIP_LAMPORTS_MIN, HELIUS_TIP_LAMPORTS_MIN, JITO_TIP_LAMPORTS_MIN
from memesnipe.live_check.facts import Facts, Silent, Unseen
from memesnipe.live_check.finding import Finding, fail, hangs_on, ok, unseen, waits, warn
from memesnipe.live_check.judge.words import sol
from memesnipe.messages.bounds import Mode
from memesnipe.messages.control import RiskLimits

POLICY_FIX = "apply a RiskPolicy named default (manifests/risk-policy.yaml)"


def policy(facts: Facts) -> Finding:
    """The limits are there and none of them makes another unreachable."""
    if isinstance(facts.applied, Silent | Unseen):
        return hangs_on(facts.applied, facts.redis, "stores: redis", POLICY_FIX)
    limits = facts.applied.config.limits
    for smaller, larger in _ORDERED:
        if not (getattr(limits, smaller) <= getattr(limits, larger)):
            found = f"{_field(smaller)} {sol(getattr(limits, smaller))} is more than {_field(larger)} {sol(getattr(limits, larger))}"
            return fail(found, f"lower {_field(smaller)} or raise {_field(larger)} in the RiskPolicy: the second binds first")
    if zero := next((name for name in _ABOVE_ZERO if not (getattr(limits, name) > 0)), ""):
        return fail(f"{_field(zero)} is 0: every order is refused", f"give {_field(zero)} in the RiskPolicy a value above 0")
    at_risk, version = sol(limits.portfolio_exposure_lamports_max), facts.applied.config.version
    return ok(
        f"{sol(limits.trade_size_lamports_max)} a trade, {at_risk} at risk, {f'version {version}' if version else 'as in the manifests'}"
    )


_ORDERED = (
    ("trade_size_lamports_max", "strategy_exposure_lamports_max"),
    ("trade_size_lamports_max", "token_exposure_lamports_max"),
    ("strategy_exposure_lamports_max", "portfolio_exposure_lamports_max"),
    ("token_exposure_lamports_max", "portfolio_exposure_lamports_max"),
    ("spend_lamports_per_hour_max", "spend_lamports_per_day_max"),
)
_ABOVE_ZERO = ("trade_size_lamports_max", "open_positions_max", "orders_per_minute_max", "slippage_bps_max", "drawdown_bps_max")


def _field(name: str) -> str:
    """Return a limit's name as the RiskPolicy has it: trade_size_lamports_max -> tradeSizeSolMax."""
    head, *rest = name.replace("lamports", "sol").split("_")
    return head + "".join(part.capitalize() for part in rest)


def trade_size(facts: Facts) -> Finding:
    """risk_guardian's, wallet_guard's two, the signer's own: risk must not approve what a later one always refuses."""
    if isinstance(facts.applied, Silent | Unseen):
        return waits(facts.applied, "limits: policy")
    approved = facts.applied.config.limits.trade_size_lamports_max
    caps = dict(_size_caps(facts, facts.applied.config.limits))
    biting = min(caps, key=lambda name: caps[name])
    if not (approved <= caps[biting]):
        found = f"tradeSizeSolMax is {sol(approved)}, but {biting} refuses every buy above {sol(caps[biting])}"
        return fail(found, f"raise {biting}, or lower tradeSizeSolMax in the RiskPolicy to {sol(caps[biting])}")
    text = f"tradeSizeSolMax bites first, at {sol(approved)}; " + ", ".join(f"{name} {sol(cap)}" for name, cap in caps.items())
    return ok(text) if not isinstance(facts.signer, Unseen) else unseen(facts.signer.where, f"the signer's own caps; of the others {text}")


def _size_caps(facts: Facts, limits: RiskLimits) -> Iterator[tuple[str, int]]:
    yield "guardTradeSizeSolMax", limits.guard_trade_size_lamports_max
    yield "MEMESNIPE_GUARD_TRADE_SIZE_LAMPORTS_MAX", facts.guard.guard_trade_size_lamports_max
    if not isinstance(facts.signer, Silent | Unseen):
        yield "the signer's MEMESNIPE_SIZE_LAMPORTS_MAX", facts.signer.size_lamports_max


def spend(facts: Facts) -> Finding:
    """Hour and day: at least one order must fit, and it must be known whose cap bites."""
    if isinstance(facts.applied, Silent | Unseen):
        return waits(facts.applied, "limits: policy")
    limits = facts.applied.config.limits
    hour, whose = limits.spend_lamports_per_hour_max, "spendSolPerHourMax"
    if not isinstance(facts.signer, Silent | Unseen) and facts.signer.spend_lamports_per_hour_max < hour:
        hour, whose = facts.signer.spend_lamports_per_hour_max, "the signer's MEMESNIPE_SPEND_LAMPORTS_PER_HOUR_MAX"
    order = limits.trade_size_lamports_max + costs_of_order(limits)
    if not (order <= hour):
        return fail(f"one order may spend {sol(order)}, {whose} is {sol(hour)} an hour", f"raise {whose}, or lower tradeSizeSolMax")
    return ok(f"{whose} bites first: {sol(hour)} an hour, {hour // order} of the largest orders")


def tip_and_fee(facts: Facts) -> Finding:
    """Orders pay what others pay, up to the policy's caps; the signer refuses what is above its own."""
    if isinstance(facts.applied, Silent | Unseen):
        return waits(facts.applied, "limits: policy")
    limits = facts.applied.config.limits
    if too_small := _tip_too_small(facts, limits.tip_lamports_max):
        return too_small
    caps = (("tipSolMax", limits.tip_lamports_max), ("priorityFeeSolMax", limits.priority_fee_lamports_max))
    if not isinstance(facts.signer, Silent | Unseen):
        own = (
            ("MEMESNIPE_TIP_LAMPORTS_MAX", facts.signer.tip_lamports_max),
            ("MEMESNIPE_PRIORITY_FEE_LAMPORTS_MAX", facts.signer.priority_fee_lamports_max),
        )
        for (field, most), (name, cap) in zip(caps, own, strict=True):
            if not (most <= cap):
                found = f"{field} is {sol(most)}, the signer's {name} {sol(cap)}: it refuses orders that pay more"
                return fail(found, f"raise {name} at the signer, or lower {field} in the RiskPolicy")
    found = ", ".join(f"{field} {sol(most)}" for field, most in caps)
    wish = costs.priority_fee_lamports(facts.guard.compute_units, facts.guard.compute_unit_price_micro_lamports)
    if not (facts.guard.tip_lamports <= limits.tip_lamports_max and wish <= limits.priority_fee_lamports_max):
        wished = f"{sol(facts.guard.tip_lamports)} and {sol(wish)}"
        return warn(
            f"{found}; what is offered where no host tells, {wished}, is above", "raise the policy's caps, or lower MEMESNIPE_TIP_LAMPORTS"
        )
    return ok(f"an order pays at most {found}")


def _tip_too_small(facts: Facts, cap: int) -> Finding | None:
    guard = facts.guard
    least = HELIUS_TIP_LAMPORTS_MIN if "swqos_only=true" not in guard.sender_url else HELIUS_SWQOS_TIP_LAMPORTS_MIN
    if guard.sender_url and not (cap >= least):
        return fail(
            f"Sender drops what tips less than {sol(least)}, tipSolMax is {sol(cap)}",
            f"raise tipSolMax in the RiskPolicy to at least {sol(least)}",
        )
    if guard.jito_url and not (cap >= JITO_TIP_LAMPORTS_MIN):
        return fail(
            f"Jito drops what tips less than {JITO_TIP_LAMPORTS_MIN} lamports, tipSolMax is {cap}", "raise tipSolMax in the RiskPolicy"
        )
    return None


def capital(facts: Facts) -> Finding:
    """A live strategy without capital never trades."""
    if isinstance(facts.applied, Silent | Unseen):
        return waits(facts.applied, "limits: policy")
    config = facts.applied.config
    if not (config.capital_lamports > 0):
        return fail("the Allocation's capitalSol is 0", "set capitalSol in the Allocation to what may be lost")
    weights = dict(zip((each.id for each in config.strategies), config.weights_bps, strict=False))
    bare = [each.id for each in config.strategies if each.mode is Mode.LIVE and weights.get(each.id, 1) == 0]
    if bare:
        return fail(
            f"live without capital: {', '.join(bare)}",
            "give them a weight above 0 in the Allocation (weightsBps), or set their mode to paper",
        )
    return ok(f"{sol(config.capital_lamports)}, shared {'by fixed weights' if weights else 'by the allocator'}")


def costs_of_order(limits: RiskLimits) -> int:
    """Return the most that a buy may cost beside its size: fee and tip at their caps, rent of two accounts (lamports)."""
    return costs.SIGNATURE_FEE_LAMPORTS + limits.priority_fee_lamports_max + limits.tip_lamports_max + 2 * costs.TOKEN_ACCOUNT_RENT_LAMPORTS
