"""Which spec and which code a standing is about: what one has shown is not another's. Pure.

The code's hash is of the strategy's own bytes and of what it computes with (`memesnipe.strategy.code`), without the release: a release
that leaves a strategy alone changes nothing here.
"""

from memesnipe.messages.bounds import Mode
from memesnipe.promotion.values import Facts, Standing


def is_another(standing: Standing, facts: Facts) -> bool:
    """Return whether another spec or other code runs than what a standing is about. Code that nobody names is not the same as any.

    On paper, where nothing is at stake, it is waited for: a control that starts beside an empty Redis does not know it for a moment.
    """
    if facts.mode is not Mode.LIVE and not facts.code_hash:
        return standing.spec_hash != facts.spec_hash
    return (standing.spec_hash, standing.code_hash) != (facts.spec_hash, facts.code_hash)


def what_is_new(standing: Standing, facts: Facts) -> str:
    """Say what the other thing is that runs now."""
    if standing.spec_hash != facts.spec_hash:
        return "another spec"
    return "other code" if standing.code_hash else "code of which it was not known which it is"


def renewed(standing: Standing, facts: Facts, now_ns: int) -> Standing:
    """Return the standing of what runs now, which has shown nothing. A cool-down that is over stays over while control tells of it.

    What was only not known may be the code that was demoted: what its demotions demand stays.
    """
    may_be_the_same = standing.spec_hash == facts.spec_hash and not standing.code_hash
    return Standing(
        standing.stage,
        version=standing.version,
        since_ns=standing.since_ns,
        spec_hash=facts.spec_hash,
        until_ns=standing.until_ns,
        demotions=standing.demotions if may_be_the_same else 0,
        demoted_ns=standing.demoted_ns if may_be_the_same else 0,
        code_hash=facts.code_hash,
        own_ns=now_ns,
    )
