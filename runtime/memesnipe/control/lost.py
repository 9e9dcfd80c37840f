"""What is said again when the kill switch channel lost its end: Redis may forget that a person froze the wallet, control may not. Pure."""

from memesnipe.bus.folds import SEVERITY, Halts
from memesnipe.kernel.ids import derive
from memesnipe.messages.bounds import HaltState
from memesnipe.messages.control import PORTFOLIO, HaltCommand

EPOCH_JUMP = 1_000
"""How far a lost channel's epoch goes on from the one we knew: who still runs may have counted commands that control never saw."""
REASON_MAX = 1_024


def said_again(halts: Halts, now_ns: int, by: str) -> tuple[HaltCommand, ...]:
    """Return the commands that bring a channel which lost its end back to these halts, the portfolio's last.

    They are a machine's word, so where a person set something more severe meanwhile, that stays. All who fold them, whatever
    they had counted before, come out at the same epoch, later than any that was in force.
    """
    scopes = [scope for scope, state in halts.states.items() if scope != PORTFOLIO and SEVERITY[state]]
    first = halts.epoch + EPOCH_JUMP
    return tuple(_again(halts, scope, epoch, now_ns, by) for epoch, scope in enumerate([*sorted(scopes), PORTFOLIO], start=first))


def _again(halts: Halts, scope: str, epoch: int, now_ns: int, by: str) -> HaltCommand:
    state = halts.states.get(scope, HaltState.ACTIVE)
    reason = halts.reasons.get(scope) or "the kill switch channel lost its end"
    return HaltCommand(derive("said-again", scope, epoch), scope, state, by, reason[:REASON_MAX], now_ns, epoch=epoch)
