"""Where a strategy's money came from and went: closed trades taken apart into what prices gave and what each cost took. Pure.

Fills are folded by the ledger's own arithmetic (`accounting`); what lies between a position's first unit and its last belongs to that
trade, failed attempts included. Positions that are still open are not in it: their result is an opinion. The page, the metrics and
`memesnipe report` all show what `attribution` says (`attributed` keeps it up as fills come).
"""

import itertools
import statistics
from collections import deque
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from memesnipe.ledger.accounting import Position, Trade, apply, comes_last, fill_order, position_of
from memesnipe.messages.bounds import Mode, Side
from memesnipe.messages.orders import Fill, FillStatus
from memesnipe.messages.pairs import Pair, PairEnd

BPS = 10_000
AGES = 3
TRADES_MAX = 10_000
"""Of one strategy in one mode the newest so many closed trades are looked at: a page must not hold a year of them."""

Owner = tuple[str, Mode]


class Costs(msgspec.Struct, frozen=True):
    """What took money away, in lamports; more is worse."""

    fees: int = 0
    """Base and priority fees of the network, failed attempts too."""
    tips: int = 0
    rent: int = 0
    """Paid for accounts and not come back."""
    venue: int = 0
    """The pools' own fees, which are inside their prices."""
    slippage: int = 0
    """What fills brought less than their quotes; negative where they brought more."""
    funding: int = 0
    """Paid for holding a perpetual. Every position of the ledger is a token held outright, which nobody is paid for: perpetuals are refused
    live, and on paper only their price is looked at (`guard.perps`). So it is 0, and known to be."""

    def __add__(self, other: "Costs") -> "Costs":
        """Return the sums."""
        return Costs(*(getattr(self, name) + getattr(other, name) for name in self.__struct_fields__))

    @property
    def total(self) -> int:
        """All of them."""
        return self.fees + self.tips + self.rent + self.venue + self.slippage + self.funding


class Part(msgspec.Struct, frozen=True):
    """A closed trade with its costs."""

    trade: Trade
    costs: Costs


class Attribution(msgspec.Struct, frozen=True, kw_only=True):
    """One strategy in one mode, over its closed trades. Ratios are None where they cannot be known."""

    strategy: str
    mode: Mode
    trades: int
    gross_lamports: int
    """What prices gave: net with every cost put back."""
    costs: Costs
    net_lamports: int
    hit_bps: int
    """How many of 10,000 trades brought money."""
    net_bps: int
    """Of all that was paid for what was bought."""
    slippage_bps: int
    """The same measure."""
    sharpe: float | None
    """See `sharpe`."""
    sortino: float | None
    """Mean by the deviation of losses."""
    drawdown_lamports: int
    """Deepest fall of the summed net results, from their highest."""
    calmar: float | None
    """Net by that fall."""
    exposure_bps: int
    """How much of the time between the first buy and the last sale something was held."""
    by_age_bps: tuple[int, ...]
    """Net in bps of the first, second and last third of the trades: an edge that decays falls from left to right."""
    paired: int = 0
    """Live orders that filled and whose paper twin did, of the newest: what the next two rest on."""
    expected_bps: int | None = None
    """What the paper model expected those to cost against the price they were wanted at, over their size: slippage, pool, network, tip."""
    realized_bps: int | None = None
    """What they did cost: the same measure."""


class Folded:
    """Fills folded one after the other: closed trades with their costs by strategy and mode, and what is still open."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, Mode, str], tuple[Position, Costs]] = {}
        self.parts: dict[Owner, deque[Part]] = {}
        """The newest TRADES_MAX, in the order in which they were closed."""

    def takes(self, fill: Fill) -> bool:
        """Return whether a fill is after all of its position that is folded in: another one wants all to be folded anew."""
        position, _ = self._held.get(position_of(fill).key, (position_of(fill), None))
        return comes_last(fill, position)

    def add(self, fill: Fill) -> Owner | None:
        """Fold a fill in; return whose trade it closed, if it closed one."""
        empty = position_of(fill)
        position, costs = self._held.get(empty.key, (empty, Costs()))
        position, trade = apply(position, fill)
        costs += costs_of(fill)
        self._held[empty.key] = position, Costs() if trade is not None else costs
        if trade is None:
            return None
        owner = trade.strategy, trade.mode
        self.parts.setdefault(owner, deque(maxlen=TRADES_MAX)).append(Part(trade, costs))
        return owner


def folded(fills: Iterable[Fill]) -> Folded:
    """Return these fills folded in their canonical order, in whatever order they come."""
    found = Folded()
    for fill in sorted(fills, key=fill_order):
        found.add(fill)
    return found


def attribution(fills: Iterable[Fill], pairs: Mapping[str, Sequence[Pair]] | None = None) -> list[Attribution]:
    """Return an attribution for each strategy and mode that closed a trade, by name. `pairs`: live orders beside their paper twins."""
    parts = folded(fills).parts
    return [attribution_of(owner, parts[owner], (pairs or {}).get(owner[0], ())) for owner in sorted(parts)]


def costs_of(fill: Fill) -> Costs:
    """Return what a fill cost."""
    moved = fill.sol_delta_lamports + fill.fee_lamports + fill.tip_lamports + fill.rent_lamports
    slippage = 0
    if fill.status is FillStatus.FILLED and fill.quoted_out > 0:
        buys = fill.side is Side.BUY
        slippage = -moved * (fill.quoted_out - fill.token_delta_units) // fill.quoted_out if buys else fill.quoted_out - moved
    return Costs(fill.fee_lamports, fill.tip_lamports, fill.rent_lamports, fill.venue_fee_lamports, slippage)


def sharpe(trades: Sequence[Trade]) -> float | None:
    """Return mean / sample deviation of the trades' returns (net / outlay), not annualized.

    None with fewer than two trades or without any spread: an allocator must never meet a NaN or an infinity.
    """
    returns = _returns(trades)
    return _by(returns, statistics.stdev(returns) if len(returns) > 1 else 0.0)


def _returns(trades: Sequence[Trade]) -> list[float]:
    return [trade.net_lamports / trade.outlay_lamports for trade in trades if trade.outlay_lamports > 0]


def attribution_of(owner: Owner, closed: Iterable[Part], pairs: Sequence[Pair] = ()) -> Attribution:
    """Return the attribution of one strategy in one mode over its closed trades, at least one. `pairs` count where it is live."""
    strategy, mode = owner
    parts = sorted(closed, key=lambda part: (part.trade.closed_ns, part.trade.closed_signature))
    trades = [part.trade for part in parts]
    costs, net = sum((part.costs for part in parts), Costs()), sum(trade.net_lamports for trade in trades)
    outlay, fall = sum(trade.outlay_lamports for trade in trades), _drawdown(trades)
    returns = _returns(trades)
    both = [one for one in pairs if one.end is PairEnd.FILLED and one.paper_lamports is not None] if mode is Mode.LIVE else []
    size = sum(one.size_lamports for one in both)
    return Attribution(
        strategy=strategy,
        mode=mode,
        trades=len(trades),
        gross_lamports=net + costs.total,
        costs=costs,
        net_lamports=net,
        hit_bps=sum(trade.net_lamports > 0 for trade in trades) * BPS // len(trades),
        net_bps=_bps(net, outlay),
        slippage_bps=_bps(costs.slippage, outlay),
        sharpe=sharpe(trades),
        sortino=_by(returns, statistics.fmean([min(one, 0.0) ** 2 for one in returns]) ** 0.5 if returns else 0.0),
        drawdown_lamports=fall,
        calmar=net / fall if fall > 0 else None,
        exposure_bps=_exposure(trades),
        by_age_bps=_by_age(trades),
        paired=len(both),
        expected_bps=_bps(-sum(one.paper_lamports or 0 for one in both), size) if both else None,
        realized_bps=_bps(-sum(one.live_lamports for one in both), size) if both else None,
    )


def _by(returns: Sequence[float], risk: float) -> float | None:
    return statistics.fmean(returns) / risk if returns and risk > 0.0 else None


def _bps(part: int, whole: int) -> int:
    return round(part * BPS / whole) if whole > 0 else 0


def _drawdown(trades: Sequence[Trade]) -> int:
    net = peak = fall = 0
    for trade in trades:
        net += trade.net_lamports
        peak = max(peak, net)
        fall = max(fall, peak - net)
    return fall


def _exposure(trades: Sequence[Trade]) -> int:
    """Count time once, however many positions were held in it."""
    held, until = 0, 0
    for opened, closed in sorted((trade.opened_ns, trade.closed_ns) for trade in trades):
        held += max(0, closed - max(opened, until))
        until = max(until, closed)
    whole = until - min(trade.opened_ns for trade in trades)
    return held * BPS // whole if whole > 0 else 0


def _by_age(trades: Sequence[Trade]) -> tuple[int, ...]:
    if len(trades) < AGES:
        return ()
    cuts = [len(trades) * age // AGES for age in range(AGES + 1)]
    thirds = [trades[start:end] for start, end in itertools.pairwise(cuts)]
    return tuple(_bps(sum(t.net_lamports for t in third), sum(t.outlay_lamports for t in third)) for third in thirds)
