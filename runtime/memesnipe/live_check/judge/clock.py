"""Is this machine's clock right? Approvals and leases allow 2 s of skew, so a clock that is off by more stops all trading. Pure.

A Date header tells whole seconds, so each host gives an interval for the offset; several of them, met at different instants, narrow
each other. Only what is certain counts: the value in the interval that is nearest to zero.
"""

from collections.abc import Sequence

from memesnipe.approvals.approve import SKEW_NS_MAX
from memesnipe.live_check.facts import Facts, Offset, Silent, Unseen
from memesnipe.live_check.finding import Finding, Status, fail, hangs_on, ok, warn

WARN_MS, FAIL_MS = 1_000.0, SKEW_NS_MAX / 1_000_000
BLOCK_AGE_MS_MAX = 30_000.0
"""A block's time is voted on and may run some seconds off; more than this is a clock, or a node that stands still."""
FIX = "synchronise the clock (`timedatectl set-ntp true`, or chrony) and run this again"


def skew(facts: Facts) -> Finding:
    """By the hosts' Date headers; the newest block's time where no host tells the date."""
    by_dates, age_ms = _by_dates(facts.offsets), _block_age_ms(facts)
    if by_dates is None and isinstance(facts.blocks, Silent | Unseen):
        return hangs_on(facts.blocks, facts.health, "endpoints: rpc", f"no host tells the time: {FIX}")
    if by_dates is None:
        return _by_block(age_ms)
    if by_dates.status is Status.OK and age_ms is not None and _by_block(age_ms).status is Status.FAIL:
        found = f"{by_dates.found}, but the newest block is {age_ms / 1_000:.0f} s old"
        return warn(found, "look at the RPC host: it may stand still, or tell a wrong time")
    return by_dates


def _by_dates(offsets: Sequence[Offset]) -> Finding | None:
    """Hosts that contradict each other leave the nearest to zero of each: the smallest is then believed, and said."""
    if not offsets:
        return None
    low, high = max(each.low_ms for each in offsets), min(each.high_ms for each in offsets)
    agree = low <= high
    certain_ms = nearest_to_zero(low, high) if agree else min((nearest_to_zero(e.low_ms, e.high_ms) for e in offsets), key=abs)
    whose = offsets[0].host if len(offsets) == 1 else "the hosts"
    text = f"{abs(certain_ms) / 1_000:.1f} s {'ahead of' if certain_ms > 0 else 'behind'} {whose}"
    if not (abs(certain_ms) <= FAIL_MS):
        return fail(f"this machine is at least {text}; approvals allow 2 s", FIX)
    if not (abs(certain_ms) <= WARN_MS):
        return warn(f"this machine is at least {text}; approvals allow 2 s", FIX)
    if not (low - high <= FAIL_MS):
        return warn(
            f"the hosts' own clocks are {(low - high) / 1_000:.1f} s apart",
            "`timedatectl` or `chronyc tracking` tells whether this clock is right",
        )
    return ok(
        f"within {max(abs(low), abs(high)):.0f} ms of the hosts' clocks"
        if agree
        else "as right as the hosts' clocks, which differ a little"
    )


def nearest_to_zero(low_ms: float, high_ms: float) -> float:
    """Return the smallest offset that an interval allows."""
    return 0.0 if low_ms <= 0.0 <= high_ms else low_ms if low_ms > 0 else high_ms


def _by_block(age_ms: float | None) -> Finding:
    if age_ms is None:
        return fail("no host tells the time: the clock could not be checked", FIX)
    text = f"the newest block is {age_ms / 1_000:.0f} s {'old' if age_ms >= 0 else 'in the future'} by this clock"
    return ok(text) if -FAIL_MS <= age_ms <= BLOCK_AGE_MS_MAX else fail(text, FIX)


def _block_age_ms(facts: Facts) -> float | None:
    blocks = facts.blocks
    return None if isinstance(blocks, Silent | Unseen) else blocks.age_ms
