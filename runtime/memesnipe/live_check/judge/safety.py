"""What stands between a buy and a token that cannot be sold, and when a fill counts. Pure."""

import msgspec

from memesnipe.kernel.settings import variable
from memesnipe.live_check.facts import Facts, Silent, Unseen
from memesnipe.live_check.finding import Finding, fail, ok, unseen, warn

ALLOWED, REFUSED = "allowed", "refused"
PREFIX = "token_"
WATCH_FIX = "set MEMESNIPE_TOKEN_WATCH_S above 0 for position_manager (10 by default)"


def fill_commitment(facts: Facts) -> Finding:
    """A confirmed block could be taken back by a fork; a finalized one cannot, and comes late."""
    if facts.guard.fill_commitment == "finalized":
        return ok("a fill counts when it is finalized, some 13 s later on mainnet")
    return ok("a fill counts when it is confirmed; one that a fork takes back is amended")


def token_safety(facts: Facts) -> Finding:
    """The rules before a buy as wallet_guard has them, and the signer's own, which must let pass what wallet_guard does."""
    names = [field.name for field in msgspec.structs.fields(facts.guard) if field.name.startswith(PREFIX)]
    if not isinstance(facts.signer, Silent | Unseen):
        differ = [name for name in names if getattr(facts.guard, name) != getattr(facts.signer, name, getattr(facts.guard, name))]
        if differ:
            found = f"wallet_guard and signer differ on {', '.join(map(_short, differ))}: the stricter one refuses what the other lets pass"
            return fail(found, f"give both the same {', '.join(variable(name) for name in differ)}")
    lax = [name for name in names if getattr(facts.guard, name) == ALLOWED]
    if lax:
        fix = f"set {', '.join(variable(name) for name in lax)} to {REFUSED}, unless that is meant"
        return warn(f"allowed: {', '.join(map(_short, lax))}", fix)
    return ok(", ".join(f"{_short(name)} {getattr(facts.guard, name)}" for name in names))


def token_watch(facts: Facts) -> Finding:
    """What is held is looked at again: a token whose fee was raised or whose accounts were frozen must be left while it can be."""
    if isinstance(facts.token_watch_s, Silent | Unseen):
        return unseen(facts.token_watch_s.where) if isinstance(facts.token_watch_s, Unseen) else fail(facts.token_watch_s.why, WATCH_FIX)
    if not (facts.token_watch_s > 0):
        return warn("held tokens are not looked at again", WATCH_FIX)
    return ok(f"held tokens are looked at every {facts.token_watch_s:g} s")


def _short(name: str) -> str:
    return name.removeprefix(PREFIX)
