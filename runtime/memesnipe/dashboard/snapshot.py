"""Facts -> what the page shows. Pure: no Redis, no database, no clock."""

import msgspec

from memesnipe.chain.programs import NETWORKS
from memesnipe.dashboard.facts import Facts, Price, StreamFacts
from memesnipe.dashboard.shown import FillLine, Halt, Holding, Marker, Numbers, ReasonLine, RefusalLine, Snapshot, StrategyLine, Ticker
from memesnipe.kernel.clock import NS_PER_MS, NS_PER_S
from memesnipe.kernel.reasons import REMEDY
from memesnipe.ledger.accounting import Position
from memesnipe.ledger.write import Snapshot as EquityPoint
from memesnipe.messages.bounds import HaltState, Mode
from memesnipe.messages.control import ALLOWS, PORTFOLIO, PositionUpdate
from memesnipe.messages.orders import Fill, Rejection

CURVE_POINTS_MAX = 240
SPARK_POINTS_MAX = 40
PRICES_MAX = 10
MARKERS = {
    "unknown": "NOT KNOWN YET: Redis has not said what money is at stake",
    "none": "NO CONFIG: nothing trades yet",
    "paper": "PAPER{market}: no real money moves",
    "localnet": "LOCALNET LIVE: test money on a local chain",
    "devnet": "DEVNET LIVE: test money",
    "testnet": "TESTNET LIVE: test money",
    "mainnet": "MAINNET LIVE: REAL MONEY",
}
HALT_UNKNOWN = "Not known: Redis has not answered yet."


def build(facts: Facts, *, holdings_max: int | None = None) -> Snapshot:
    """Return the page for these facts; of the open positions only the largest where their number is bounded, those without a stop first."""
    streams, ledger = facts.streams, facts.ledger
    updates = {(u.strategy, u.mode, u.mint): u for u in streams.updates}
    holdings = tuple(_holding(p, updates.get(p.key), facts) for p in ledger.positions)
    return Snapshot(
        time_ms=facts.time_ns // NS_PER_MS,
        marker=_marker("unknown") if "redis" in facts.unknown else marker_of(streams),
        halt=_portfolio(facts),
        own_halts=tuple(_halt(streams, scope) for scope in sorted(streams.halts.states) if scope != PORTFOLIO),
        halt_epoch=streams.halts.epoch,
        config_version=streams.config.version if streams.config else 0,
        numbers=_numbers(facts, holdings),
        equity=thinned(ledger.equity),
        holdings=holdings if holdings_max is None else _largest(holdings, holdings_max),
        held=len(holdings),
        fills=tuple(fill_line(fill, streams) for fill in ledger.fills),
        refusals=tuple(refusal_line(rejection, streams) for rejection in ledger.rejections),
        reasons=tuple(ReasonLine(r.stage, r.reason, r.count, REMEDY.get(r.reason, "")) for r in ledger.refusals),  # type: ignore[call-overload] # a StrEnum key is its text
        prices=_tickers(streams, frozenset(p.mint for p in ledger.positions)),
        strategies=_strategies(facts, holdings),
        lags=tuple(sorted(streams.lags, key=lambda one: (-one.lag - one.pending, one.stream, one.group))),
        dead_letters=streams.dead_letters,
        problems=facts.problems,
        unknown=facts.unknown,
    )


def shown_mode(streams: StreamFacts) -> Mode:
    """Return whose equity the page shows: live as soon as one strategy is live."""
    strategies = streams.config.strategies if streams.config else ()
    return Mode.LIVE if any(strategy.mode is Mode.LIVE for strategy in strategies) else Mode.PAPER


def marker_of(streams: StreamFacts) -> Marker:
    """Return what money is at stake; an unknown genesis is a local chain, none a market that was recorded."""
    if streams.config is None:
        return _marker("none")
    network = NETWORKS.get(streams.config.genesis, "localnet" if streams.config.genesis else "")
    if shown_mode(streams) is Mode.PAPER:
        # The market's name: invented prices and mainnet's must not look the same.
        return _marker("paper", f" on {network}" if network else "")
    return _marker(network or "localnet")


def thinned(points: tuple[EquityPoint, ...]) -> tuple[tuple[int, int], ...]:
    """Return at most CURVE_POINTS_MAX (ms, lamports) pairs; the first and the newest are always among them."""
    step = max(1, -(-len(points) // CURVE_POINTS_MAX))
    kept = points[::-1][::step][::-1]
    first = points[:1] if kept[:1] != points[:1] else ()
    return tuple((p.time_ns // NS_PER_MS, p.equity_lamports) for p in (*first, *kept))


def name_of(mint: str, streams: StreamFacts) -> str:
    """Return a token's symbol if its launch was seen, else its mint, shortened. A symbol proves nothing: the mint stays beside it."""
    return streams.symbols.get(mint) or f"{mint[:4]}…{mint[-4:]}"


def in_tokens(units: int, decimals: int) -> str:
    """Return units as whole tokens, exact, as text."""
    whole, part = divmod(abs(units), 10**decimals)
    fraction = f".{part:0{decimals}d}".rstrip("0") if part else ""
    return f"{'-' if units < 0 else ''}{whole}{fraction}"


def _marker(kind: str, market: str = "") -> Marker:
    return Marker(kind, MARKERS[kind].format(market=market))


def _portfolio(facts: Facts) -> Halt:
    halt = _halt(facts.streams, PORTFOLIO)
    return msgspec.structs.replace(halt, allows=HALT_UNKNOWN) if "redis" in facts.unknown else halt


def _halt(streams: StreamFacts, scope: str) -> Halt:
    state = streams.halts.states.get(scope, HaltState.ACTIVE)
    return Halt(scope, state, streams.halts.reasons.get(scope, ""), ALLOWS[state])


def _numbers(facts: Facts, holdings: tuple[Holding, ...]) -> Numbers:
    mode = shown_mode(facts.streams)
    capital = facts.streams.config.capital_lamports if facts.streams.config else 0
    totals = [one for one in facts.ledger.totals if one.mode is mode]
    mine = [one for one in holdings if one.mode is mode]
    realized = sum(one.realized_lamports for one in totals)
    unrealized = sum(one.pnl_lamports for one in mine)
    return Numbers(
        equity_lamports=capital + realized + unrealized,
        capital_lamports=capital,
        realized_lamports=realized,
        unrealized_lamports=unrealized,
        drawdown_bps=_drawdown_bps(facts.ledger.equity, capital + realized + unrealized),
        costs_lamports=sum(one.fees_lamports + one.tips_lamports for one in totals),
        open_positions=len(mine),
        exposure_lamports=sum(one.cost_lamports for one in mine),
    )


def _drawdown_bps(points: tuple[EquityPoint, ...], equity_lamports: int) -> int:
    peak = max((point.equity_lamports for point in points), default=equity_lamports)
    return max(0, peak - equity_lamports) * 10_000 // peak if peak > 0 else 0


def _holding(position: Position, update: PositionUpdate | None, facts: Facts) -> Holding:
    streams = facts.streams
    # A mark for another number of units is from before the last fill: worth nothing as a valuation of what is held now.
    fresh = update if update is not None and update.units == position.units else None
    value = fresh.mark_lamports if fresh else position.cost_lamports
    pnl = value - position.cost_lamports
    seen = streams.prices.get(position.mint, ())
    return Holding(
        position.strategy, position.mode, position.mint, name_of(position.mint, streams),
        in_tokens(position.units, position.decimals), position.cost_lamports, value, pnl,
        pnl * 10_000 // position.cost_lamports if position.cost_lamports > 0 else 0,
        seen[-1].sol if seen else None, _stop_sol(update), max(0, facts.time_ns - position.opened_ns) // NS_PER_S, fresh is not None,
        "redis" not in facts.unknown,
    )  # fmt: skip


def _largest(holdings: tuple[Holding, ...], count: int) -> tuple[Holding, ...]:
    """Return at most so many positions, in the order they came; one without a stop is never the one that is left out for size."""
    if len(holdings) <= count:
        return holdings
    kept = set(sorted(holdings, key=lambda one: (one.stop_sol is not None, -one.value_lamports))[:count])
    return tuple(one for one in holdings if one in kept)


def _stop_sol(update: PositionUpdate | None) -> float | None:
    if update is None or update.stop_base_units == 0:
        return None
    return update.stop_quote_lamports / update.stop_base_units * 10.0**update.decimals / 1e9


def fill_line(fill: Fill, streams: StreamFacts) -> FillLine:
    """Return a fill as a line of the page; why it was asked for: what ended a position, else the strategy's own reason."""
    cause = fill.exit_cause.value if fill.exit_cause else fill.way.wish if fill.way else ""
    return FillLine(
        fill.time_ns // NS_PER_MS, fill.strategy, fill.mode, fill.side.value, name_of(fill.mint, streams), fill.mint,
        fill.status.value, fill.sol_delta_lamports, in_tokens(fill.token_delta_units, fill.decimals),
        fill.fee_lamports + fill.tip_lamports, (fill.time_ns - fill.intent_time_ns) // NS_PER_MS,
        cause, fill.signature, fill.intent_id,
    )  # fmt: skip


def refusal_line(one: Rejection, streams: StreamFacts) -> RefusalLine:
    """Return a refused order as a line of the page."""
    symbol, time_ms = name_of(one.mint, streams), one.time_ns // NS_PER_MS
    return RefusalLine(time_ms, one.strategy, one.stage, one.reason.value, one.detail, symbol, one.side.value, one.intent_id)


def _tickers(streams: StreamFacts, held: frozenset[str]) -> tuple[Ticker, ...]:
    newest_first = list(streams.prices)[::-1]
    chosen = sorted(newest_first, key=lambda mint: mint not in held)[:PRICES_MAX]
    # By name, so that a line stays where the eye left it while prices move.
    chosen.sort(key=lambda mint: (mint not in held, name_of(mint, streams)))
    return tuple(_ticker(mint, streams.prices[mint], streams, held=mint in held) for mint in chosen)


def _ticker(mint: str, seen: tuple[Price, ...], streams: StreamFacts, *, held: bool) -> Ticker:
    first, last = seen[0].sol, seen[-1].sol
    change = round((last / first - 1) * 10_000) if first > 0 else 0
    return Ticker(mint, name_of(mint, streams), last, change, tuple(price.sol for price in seen[-SPARK_POINTS_MAX:]), held)


def _strategies(facts: Facts, holdings: tuple[Holding, ...]) -> tuple[StrategyLine, ...]:
    config, allocation = facts.streams.config, facts.streams.allocation
    shares = {share.strategy: share for share in allocation.shares} if allocation else {}
    lines = []
    for one in config.strategies if config else ():
        mine = [h for h in holdings if h.strategy == one.id and h.mode is one.mode]
        realized = sum(t.realized_lamports for t in facts.ledger.totals if t.strategy == one.id and t.mode is one.mode)
        share = shares.get(one.id)
        lines.append(
            StrategyLine(
                one.id, one.mode, one.paused, facts.streams.halts.effective(one.id), share.weight_bps if share else 0,
                share.capital_lamports if share else 0, sum(h.cost_lamports for h in mine),
                realized + sum(h.pnl_lamports for h in mine), len(mine),
            )
        )  # fmt: skip
    return tuple(lines)
