"""What a breaker promises: once it refused a buy and said until when, nobody of its scope buys before that, unless a person resumes."""

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from memesnipe.kernel.clock import NS_PER_S
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.bounds import Mode
from memesnipe.messages.orders import Intent, Rejection
from memesnipe.testing.sequences.promises import require

if TYPE_CHECKING:
    from memesnipe.testing.sequences.world import World

Scope = tuple[str, ...]
"""(mode), (mode, strategy) or (mode, strategy, mint)."""
PORTFOLIO = {ReasonCode.DAY_DRAWDOWN, ReasonCode.WEEK_DRAWDOWN, ReasonCode.PORTFOLIO_STOP_LOSSES}
STRATEGY = {
    ReasonCode.STRATEGY_DRAWDOWN, ReasonCode.STRATEGY_DAY_DRAWDOWN, ReasonCode.STRATEGY_WEEK_DRAWDOWN, ReasonCode.LOSS_STREAK,
    ReasonCode.STOP_LOSSES, ReasonCode.CLOSED_DRAWDOWN, ReasonCode.ORDER_LOOP,
}  # fmt: skip
TOKEN = {ReasonCode.TOKEN_COOLDOWN, ReasonCode.TOKEN_LOSSES}
ENDS = re.compile(r"ends (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC$")
NEVER_NS = 2**63 - 1


def stands(world: "World", intent: Intent, refusal: Rejection) -> None:
    """Note what a breaker said."""
    mode = world.rules.mode_of(intent.strategy).value
    parts = 1 if refusal.reason in PORTFOLIO else 2 if refusal.reason in STRATEGY else 3 if refusal.reason in TOKEN else 0
    if parts:
        world.paused[(mode, intent.strategy, intent.mint)[:parts]] = until_ns(refusal.detail)


def until_ns(detail: str) -> int:
    """Return when it says that it ends; NEVER_NS: when a person resumes."""
    said = ENDS.search(detail)
    require(said or detail.endswith("ends when a person resumes"), "a breaker that does not say when it ends", detail)
    if said is None:
        return NEVER_NS
    # It is said rounded up to a whole second: the breaker may end up to one second before.
    return int(datetime.strptime(said.group(1), "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).timestamp()) * NS_PER_S - NS_PER_S


def allow(world: "World", mode: Mode, buy: Intent) -> None:
    """A buy came when no breaker stood."""
    scope: Scope = (mode.value, buy.strategy, buy.mint)
    for parts in (1, 2, 3):
        ends_ns = world.paused.get(scope[:parts], 0)
        require(world.now_ns >= ends_ns, "a buy while a breaker stands", f"{scope[:parts]} until {ends_ns}, now {world.now_ns}")
