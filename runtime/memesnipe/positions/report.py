"""What position_manager tells: effects as stream entries, the performance keys, and its gauges."""

from collections.abc import Iterable, Mapping, Sequence

from memesnipe.bus.api import Bus, Output
from memesnipe.bus.topology import EXITS, PNL_HISTORY_KEY, POSITIONS, SHARPE_KEY
from memesnipe.kernel.clock import NS_PER_S
from memesnipe.kernel.logs import logger
from memesnipe.ledger.accounting import Position
from memesnipe.ledger.attribution import sharpe
from memesnipe.messages.bounds import AMOUNT_MAX, Mode
from memesnipe.messages.control import HeldAccount, Holding, Holdings
from memesnipe.messages.orders import ExitIntent
from memesnipe.positions import metrics
from memesnipe.positions.book import Book, Key, Open, Owner, Watch
from memesnipe.positions.causes import Rules, priced_ns
from memesnipe.positions.decide import Effect, update_of
from memesnipe.positions.exits import is_dust
from memesnipe.positions.performance import history_of, unrealized
from memesnipe.positions.stops import stop_ratio


def outputs_of(effects: Iterable[Effect], cause: str) -> list[Output]:
    """Return effects as entries to write. `cause` is the id of what was handled: with it a position update has its own key."""
    return [_output(effect, cause) for effect in effects]


def _output(effect: Effect, cause: str) -> Output:
    if isinstance(effect, ExitIntent):
        metrics.EXITS.labels(effect.strategy, effect.cause.value).inc()
        return Output(EXITS.of(effect.strategy), effect, effect.id)
    return Output(POSITIONS.name, effect, f"{effect.strategy}:{effect.mode.value}:{effect.mint}:{cause}")


def marks(book: Book, rules: Rules) -> list[Output]:
    """Return the word on every open position at its newest price."""
    updates = [update_of(one, rules, rules.now_ns) for one in book.open.values()]
    return outputs_of(updates, f"mark-{rules.now_ns}")


def amended(book: Book, positions: Iterable[Position], rules: Rules) -> list[Output]:
    """Return the word on positions that were changed under us, closed ones too."""
    told = [book.open.get(one.key) or Open(one, Watch(one.opened_intent_id)) for one in positions]
    return outputs_of([update_of(one, rules, rules.now_ns) for one in told], f"amended-{rules.now_ns}")


def holdings(book: Book, settled: Mapping[Owner, tuple[str, ...]]) -> Holdings:
    """Return the word on everything that is held, with the recent fills that are in it."""
    owners = sorted({*book.realized, *settled, *(key[:2] for key in book.open)})
    return Holdings(tuple(_account(book, owner, settled.get(owner, ())) for owner in owners))


def _account(book: Book, owner: Owner, settled: tuple[str, ...]) -> HeldAccount:
    held = [one for key, one in sorted(book.open.items()) if key[:2] == owner]
    parts = tuple(
        Holding(one.position.mint, one.position.units, one.position.cost_lamports, min(one.value_lamports, AMOUNT_MAX)) for one in held
    )
    return HeldAccount(*owner, book.realized.get(owner, 0), parts, settled, len(book.trades.get(owner, ())))


async def publish_performance(bus: Bus, book: Book, modes: Mapping[str, Mode], strategies: Iterable[str]) -> None:
    """Write the history and the Sharpe ratio of strategies, in the mode each one runs in now: paper says nothing about live."""
    for strategy in sorted(set(strategies)):
        trades = book.trades.get((strategy, modes.get(strategy, Mode.PAPER)), ())
        await bus.replace(PNL_HISTORY_KEY.format(strategy=strategy), history_of(trades))
        ratio, key = sharpe(trades), SHARPE_KEY.format(strategy=strategy)
        await (bus.drop(key) if ratio is None else bus.put(key, repr(ratio).encode()))


def show(book: Book, rules: Rules, backlog: int) -> None:
    """Set the gauges."""
    marked = unrealized(book)
    for strategy, mode in {*book.realized, *marked}:
        held = [key for key in book.open if key[:2] == (strategy, mode)]
        metrics.OPEN_POSITIONS.labels(strategy, mode.value).set(len(held))
        metrics.REALIZED.labels(strategy, mode.value).set(book.realized.get((strategy, mode), 0))
        metrics.UNREALIZED.labels(strategy, mode.value).set(marked.get((strategy, mode), 0))
    metrics.WITHOUT_STOP.set(len(unprotected(book, rules)))
    metrics.PRICE_STALE.set(len(silent(book, rules)))
    metrics.EXIT_URGENCY.set(max((one.watch.exit.tries for one in book.open.values() if one.watch.exit), default=0))
    metrics.EXIT_IN_FLIGHT_S.set(oldest_exit_s(book, rules.now_ns))
    metrics.LEDGER_BACKLOG.set(backlog)


def unprotected(book: Book, rules: Rules) -> Sequence[str]:
    """Return the mints of positions that no stop protects."""
    return [key[2] for key, one in book.open.items() if stop_ratio(one, rules.limits)[1] == 0]


def dust(book: Book, rules: Rules) -> Sequence[Key]:
    """Return the positions that are dust."""
    return [key for key, one in book.open.items() if is_dust(one, rules.limits)]


def tell_of_dust(book: Book, rules: Rules, told: frozenset[Key]) -> frozenset[Key]:
    """Count the positions that are dust, and log each when it becomes that; return those that are."""
    now = frozenset(dust(book, rules))
    metrics.DUST.set(len(now))
    for key in sorted(now - told):
        one = book.open[key]
        logger().warning("position_is_dust", strategy=key[0], mint=key[2], units=one.position.units, value_lamports=one.value_lamports)
    return now


def silent(book: Book, rules: Rules) -> Sequence[str]:
    """Return the mints of positions of which nobody said a price for longer than the policy lets pass without an alert."""
    limit_ns = rules.limits.exits.stale_alert_s * NS_PER_S
    return [key[2] for key, one in book.open.items() if limit_ns and rules.now_ns - priced_ns(one) >= limit_ns]


def oldest_exit_s(book: Book, now_ns: int) -> float:
    """Return the age of the oldest exit without an outcome, in seconds."""
    sent = [one.watch.exit.sent_ns for one in book.open.values() if one.watch.exit and one.watch.exit.intent_id]
    return (now_ns - min(sent)) / NS_PER_S if sent else 0.0
