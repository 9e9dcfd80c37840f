"""What stands between a buy and a token that cannot be sold, and when a fill counts. Pure."""

import msgspec

from memesnipe.chain.programs import MAINNET_GENESIS
from memesnipe.kernel.settings import variable
from memesnipe.live_check.facts import Facts, Silent, Unseen
from memesnipe.live_check.finding import Finding, ok, warn

ALLOWED, REFUSED = "allowed", "refused"


def fill_commitment(facts: Facts) -> Finding:
    """A confirmed block has never been taken back on mainnet, and could be; a finalized one cannot."""
    if facts.guard.fill_commitment == "finalized":
        return ok("a fill counts when it is finalized, some 13 s later on mainnet")
    on_mainnet = not isinstance(facts.genesis, Silent | Unseen) and facts.genesis.genesis == MAINNET_GENESIS
    found = "a fill counts when it is confirmed"
    return ok(f"{found}; `memesnipe reconcile` finds one that was taken back") if on_mainnet else ok(found)


def token_safety(facts: Facts) -> Finding:
    """The settings of the checks before a buy, as wallet_guard has them."""
    names = [field.name for field in msgspec.structs.fields(facts.guard) if field.name.startswith("token_")]
    if not names:
        return warn("wallet_guard of this release has no settings for token checks", "buy only what a person has looked at")
    lax = [name for name in names if getattr(facts.guard, name) == ALLOWED]
    if lax:
        found = f"allowed: {', '.join(name.removeprefix('token_') for name in lax)}"
        return warn(found, f"set {', '.join(variable(name) for name in lax)} to {REFUSED}, unless that is meant")
    return ok(", ".join(f"{name.removeprefix('token_')} {getattr(facts.guard, name)}" for name in names))
