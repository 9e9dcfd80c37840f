"""Where a strategy's money came from and went: closed trades taken apart into what prices gave and what each cost took. Pure.

Fills are folded by the ledger's own arithmetic (`accounting`); what lies between a position's first unit and its last belongs to that
trade, failed attempts included. Positions that are still open are not in it: their result is an opinion.
"""

import itertools
import statistics
from collections.abc import Iterable, Sequence

import msgspec

from memesnipe.ledger.accounting import Position, Trade, apply, fill_order, position_of
from memesnipe.messages.bounds import Mode, Side
from memesnipe.messages.orders import Fill, FillStatus

BPS = 10_000
AGES = 3


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

    def __add__(self, other: "Costs") -> "Costs":
        """Return the sums."""
        return Costs(*(getattr(self, name) + getattr(other, name) for name in self.__struct_fields__))

    @property
    def total(self) -> int:
        """All of them."""
        return self.fees + self.tips + self.rent + self.venue + self.slippage


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


def attribution(fills: Iterable[Fill]) -> list[Attribution]:
    """Return an attribution for each strategy and mode that closed a trade, by name. `fills` in any order."""
    owned: dict[tuple[str, Mode], list[Part]] = {}
    for part in parts_of(fills):
        owned.setdefault((part.trade.strategy, part.trade.mode), []).append(part)
    return [_of(strategy, mode, parts) for (strategy, mode), parts in sorted(owned.items())]


def parts_of(fills: Iterable[Fill]) -> list[Part]:
    """Return every closed trade with its costs, in the order in which they were closed."""
    held: dict[tuple[str, Mode, str], tuple[Position, Costs]] = {}
    parts = list[Part]()
    for fill in sorted(fills, key=fill_order):
        empty = position_of(fill)
        position, costs = held.get(empty.key, (empty, Costs()))
        position, trade = apply(position, fill)
        costs += costs_of(fill)
        if trade is not None:
            parts.append(Part(trade, costs))
        held[empty.key] = position, Costs() if trade is not None else costs
    return sorted(parts, key=lambda part: (part.trade.closed_ns, part.trade.closed_signature))


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


def _of(strategy: str, mode: Mode, parts: Sequence[Part]) -> Attribution:
    trades = [part.trade for part in parts]
    costs, net = sum((part.costs for part in parts), Costs()), sum(trade.net_lamports for trade in trades)
    outlay, fall = sum(trade.outlay_lamports for trade in trades), _drawdown(trades)
    returns = _returns(trades)
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
