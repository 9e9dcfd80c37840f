"""Messages of the streams -> what a person is told. Pure: every sentence that leaves the house is in here.

The mode marker comes first in each: [PAPER], [LOCALNET], [DEVNET], [TESTNET] or [LIVE], which alone is real money. Where nobody named the
network it is [LIVE, NETWORK NOT KNOWN]: it may be.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec

from memesnipe.chain.amounts import sol
from memesnipe.chain.programs import LAMPORTS_PER_SOL, MAINNET_GENESIS, NETWORKS
from memesnipe.messages.bounds import HaltState, Mode, Side
from memesnipe.messages.control import ALLOWS, PORTFOLIO, AllocationDecision, ConfigApplied, HaltCommand, PositionUpdate, StrategyConfig
from memesnipe.messages.orders import Fill
from memesnipe.messages.promotion import PromotionStage, PromotionStep
from memesnipe.notify.alerts import Alert
from memesnipe.notify.firing import labels_of
from memesnipe.notify.notes import Kind, Level, Note, note

MARKERS = {"": "LIVE, NETWORK NOT KNOWN", **{genesis: name.upper() for genesis, name in NETWORKS.items()}, MAINNET_GENESIS: "LIVE"}
LEVELS = {
    HaltState.ACTIVE: Level.SUCCESS, HaltState.REDUCE_ONLY: Level.WARNING, HaltState.HALTED: Level.FAILURE, HaltState.FROZEN: Level.FAILURE,
}  # fmt: skip
SEVERITIES = {"critical": Level.FAILURE, "warning": Level.WARNING}
FELL = (PromotionStage.DEMOTED, PromotionStage.COOL_DOWN)


class Stakes(msgspec.Struct, frozen=True):
    """What money is at stake in an installation."""

    genesis: str
    live: bool
    """Whether any strategy is live."""


def stakes_of(config: ConfigApplied) -> Stakes:
    """Return what is at stake under a configuration."""
    return Stakes(config.genesis, any(one.mode is Mode.LIVE for one in config.strategies))


def marker(mode: Mode, genesis: str) -> str:
    """Return what money it is; live on a genesis that is none of those is a local chain, and without one it may be real."""
    return "[PAPER]" if mode is Mode.PAPER else f"[{MARKERS.get(genesis, 'LOCALNET')}]"


def marker_of(stakes: Stakes | None) -> str:
    """Return what money is at stake in the whole installation."""
    if stakes is None:
        return "[NO CONFIG]"
    return marker(Mode.LIVE if stakes.live else Mode.PAPER, stakes.genesis)


def of_fill(fill: Fill, stakes: Stakes | None) -> Note:
    """A trade: what, for how much, at which price, and why."""
    verb, genesis = ("bought" if fill.side is Side.BUY else "sold"), stakes.genesis if stakes else ""
    tokens = Decimal(abs(fill.token_delta_units)) / 10**fill.decimals
    # Fee, tip and rent are parts of the wallet's change, not of the price.
    traded = -fill.sol_delta_lamports - fill.fee_lamports - fill.tip_lamports - fill.rent_lamports
    price = f"{abs(Decimal(traded)) / LAMPORTS_PER_SOL / tokens:.4g} SOL each" if tokens else "no token moved"
    wish = fill.way.wish if fill.way else ""
    reason = fill.exit_cause.value.replace("_", " ") if fill.exit_cause else wish or "the strategy's own wish"
    body = (
        f"{tokens:,.6g} of {fill.mint}\nfor {sol(-traded if fill.side is Side.SELL else traded)} SOL, {price}\n"
        f"wallet {sol(fill.sol_delta_lamports, signed=True)} SOL with fee and tip\nreason: {reason}\norder {fill.intent_id}"
    )
    title = f"{marker(fill.mode, genesis)} {fill.strategy} {verb} {short(fill.mint)}"
    return note(Kind.FILL, Level.INFO, title, body, fill.time_ns, lamports=fill.sol_delta_lamports)


def of_halt(command: HaltCommand, stakes: Stakes | None) -> Note:
    """The kill switch, by whose hand, and what it still allows."""
    scope = "the whole portfolio" if command.scope == PORTFOLIO else command.scope
    body = f"reason: {command.reason or 'none given'}\nby {command.by}\n{ALLOWS[command.state]}"
    if command.state is not HaltState.ACTIVE:
        only = "" if command.scope == PORTFOLIO else f" --strategy {command.scope}"
        body += f"\n`memesnipe resume{only}{' --frozen' if command.state is HaltState.FROZEN else ''}` reopens."
    title = f"{marker_of(stakes)} {scope}: {command.state.value.replace('_', ' ').upper()}"
    return note(Kind.HALT, LEVELS[command.state], title, body, command.time_ns)


def of_mode(strategy: StrategyConfig, config: ConfigApplied) -> Note:
    """A strategy's effective mode changed, whoever or whatever changed it."""
    live = strategy.mode is Mode.LIVE
    body = "Its orders are signed from now on." if live else "Its live positions keep their stops; new orders are on paper."
    title = f"{marker(strategy.mode, config.genesis)} {strategy.id} is {'LIVE' if live else 'on paper'} now"
    return note(Kind.MODE, Level.WARNING if live else Level.INFO, title, f"{body}\nconfiguration {config.version}", config.time_ns)


def of_promotion(step: PromotionStep, stakes: Stakes | None) -> Note:
    """A step up or down between paper and the whole share of capital."""
    canary = f" (step {step.step} of {step.steps}, {step.weight_bps / 100:g} % of its share)" if step.step else ""
    title = f"{marker_of(stakes)} {step.strategy}: {_words(step.before)} → {_words(step.after)}{canary}"
    level = Level.WARNING if step.after in FELL else Level.SUCCESS
    return note(Kind.PROMOTION, level, title, f"reason: {step.reason}", step.time_ns)


def of_allocation(old_bps: Mapping[str, int], after: AllocationDecision, stakes: Stakes | None) -> Note:
    """Capital moved between strategies."""
    moved = [
        f"{one.strategy} {old_bps.get(one.strategy, 0) / 100:g} % → {one.weight_bps / 100:g} % ({sol(one.capital_lamports)} SOL)"
        for one in after.shares
        if one.weight_bps != old_bps.get(one.strategy, 0)
    ]
    body = "\n".join([*moved, f"reason: {after.reason or after.method}"])
    return note(Kind.ALLOCATION, Level.INFO, f"{marker_of(stakes)} capital is shared out anew", body, after.time_ns)


def of_bare(update: PositionUpdate, stakes: Stakes | None) -> Note:
    """A position that nothing sells when the price falls."""
    money = marker(update.mode, stakes.genesis if stakes else "")
    title = f"{money} {update.strategy} holds {short(update.mint)} without a stop"
    body = f"{update.mint}\ncost {sol(update.cost_lamports)} SOL\n`memesnipe close {update.strategy} {update.mint}` sells it."
    return note(Kind.POSITION, Level.FAILURE, title, body, update.time_ns)


def of_alert(alert: Alert, time_ns: int, stakes: Stakes | None, runbooks_url: str) -> Note:
    """A rule of Prometheus holds, or does so no more: what it means, and where it is written what to do."""
    severity = alert.labels.get("severity", "")
    level = SEVERITIES.get(severity, Level.WARNING) if alert.firing else Level.SUCCESS
    lines = [alert.annotations[key] for key in ("summary", "description") if key in alert.annotations]
    if "runbook_url" in alert.annotations and alert.firing:
        lines.append(_runbook(alert.annotations["runbook_url"], runbooks_url))
    title = f"{marker_of(stakes)} {(severity or 'alert') if alert.firing else 'resolved'}: {alert.name}"
    return note(Kind.ALERT, level, title, "\n".join([*lines, labels_of(alert)]), time_ns)


def of_silence(alerts: Sequence[str], time_ns: int, stakes: Stakes | None) -> Note:
    """Alerts that fired, and of which nobody speaks any more."""
    body = "Prometheus neither repeats these nor says that they ended. Does it run? While it does not, nobody is told of any alert."
    title = f"{marker_of(stakes)} no word of alerts any more"
    return note(Kind.ALERT, Level.FAILURE, title, "\n".join([body, *(f"- {one}" for one in alerts)]), time_ns)


def _runbook(link: str, runbooks_url: str) -> str:
    """A rule's path means the page beside the code; where that is to be read from afar is for a person to say."""
    heading = link.partition("#")[2]
    return f"{runbooks_url}#{heading}" if runbooks_url and "://" not in link else link


def of_absence(from_ns: int, until_ns: int, stakes: Stakes | None) -> Note:
    """We were away: what was said meanwhile on order streams may be trimmed by now."""
    minutes = max(1, (until_ns - from_ns) // 60_000_000_000)
    body = "Fills of that time may not be told here. `memesnipe orders list` and `memesnipe report` have all of them."
    return note(Kind.SELF, Level.WARNING, f"{marker_of(stakes)} notifications were away for {minutes} min", body, until_ns)


def of_sum(kind: Kind, count: int, lamports: int, last: str, time_ns: int, stakes: Stakes | None) -> Note:
    """What was not said one by one."""
    moved = f"\nwallet {sol(lamports, signed=True)} SOL together" if lamports else ""
    more = "more fills" if kind is Kind.FILL else f"more messages about {kind.value}s"
    return note(kind, Level.WARNING, f"{marker_of(stakes)} {count} {more}", f"the last: {last}{moved}", time_ns, lamports=lamports)


def short(mint: str) -> str:
    """Return a mint as a title has room for it; the whole stands below."""
    return f"{mint[:4]}…{mint[-4:]}"


def _words(stage: PromotionStage) -> str:
    return stage.value.replace("_", " ")
