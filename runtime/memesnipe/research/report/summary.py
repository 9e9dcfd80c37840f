"""A result in numbers: what was made, what it cost, how deep it fell. `memesnipe backtest --json` writes this, field by field.

See docs/howto/backtest.md for the schema. Money is whole lamports; ratios are floats and None where they mean nothing.
"""

import statistics
from collections.abc import Sequence

import msgspec

from memesnipe.ledger.accounting import Trade
from memesnipe.ledger.attribution import sharpe
from memesnipe.messages.orders import Fill, FillStatus
from memesnipe.research.backtest.left_over import LeftOver
from memesnipe.research.backtest.result import Fault, Result
from memesnipe.research.backtest.returns import DAY_S, returns_of
from memesnipe.research.backtest.stress import Stress

SCHEMA = 1
DAYS_MIN = 10
"""A Sharpe ratio of fewer days is a number without a meaning."""
DAYS_A_YEAR = 365
VERDICT = "This is a backtest, not evidence: no gate has looked at it, and nothing here allows a strategy to trade live."


class CostBreakdown(msgspec.Struct, frozen=True):
    """What was paid, all of it already inside the net result (lamports)."""

    network_fees: int
    """Base and priority fee of what filled."""
    failed: int
    """The same, of attempts that failed on chain."""
    tips: int
    rent: int
    """For token accounts; paper never gets it back."""
    venue_fees: int
    """The pools' own."""

    @property
    def total(self) -> int:
        """Everything."""
        return self.network_fees + self.failed + self.tips + self.rent + self.venue_fees


class StrategySummary(msgspec.Struct, frozen=True):
    """What one strategy made of its closed trades and of what it holds."""

    id: str
    plugin: str
    spec_hash: str
    trades: int
    wins: int
    net_lamports: int


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers of one run."""

    schema: int = SCHEMA
    verdict: str = VERDICT
    market: str
    market_sha256: str
    seed: int
    stress: Stress
    policy_hash: str
    events: int
    first_ns: int
    last_ns: int
    capital_lamports: int
    net_lamports: int
    fills: int
    failed_attempts: int
    trades: int
    wins: int
    win_rate: float | None
    drawdown_bps_max: int
    costs: CostBreakdown
    sharpe_per_trade: float | None
    """Mean over deviation of the trades' returns on their outlay, not annualized."""
    sharpe_daily: float | None
    """Of the daily returns on the capital, annualized by the root of 365; None under 10 days."""
    strategies: tuple[StrategySummary, ...]
    left: tuple[LeftOver, ...]
    dead: int
    """Of what is left: tokens that nobody traded any more, marked to zero."""
    waiting: int
    rejected: dict[str, int]
    refused: dict[str, int]
    faults: tuple[Fault, ...]
    halts: dict[str, str]


def summary_of(result: Result) -> Summary:
    """Return the numbers of a run."""
    trades, filled = result.trades, [fill for fill in result.fills if fill.status is FillStatus.FILLED]
    wins = sum(trade.net_lamports > 0 for trade in trades)
    return Summary(
        market=result.market,
        market_sha256=result.market_sha256,
        seed=result.seed,
        stress=result.stress,
        policy_hash=result.policy_hash,
        events=result.events,
        first_ns=result.first_ns,
        last_ns=result.last_ns,
        capital_lamports=result.capital_lamports,
        net_lamports=result.net_lamports,
        fills=len(filled),
        failed_attempts=len(result.fills) - len(filled),
        trades=len(trades),
        wins=wins,
        win_rate=wins / len(trades) if trades else None,
        drawdown_bps_max=result.drawdown_bps_max,
        costs=costs_of(result.fills),
        sharpe_per_trade=sharpe(trades),
        sharpe_daily=sharpe_of(returns_of(result, DAY_S) if result.capital_lamports else ()),
        strategies=tuple(_strategy(result, spec.id, spec.plugin, spec.spec_hash) for spec in result.specs),
        left=result.left,
        dead=sum(one.dead for one in result.left),
        waiting=result.waiting,
        rejected=result.rejected,
        refused=result.refused,
        faults=result.faults,
        halts=result.halts,
    )


def costs_of(fills: Sequence[Fill]) -> CostBreakdown:
    """Return what fills paid besides the price."""
    filled = [fill for fill in fills if fill.status is FillStatus.FILLED]
    return CostBreakdown(
        network_fees=sum(fill.fee_lamports for fill in filled),
        failed=sum(fill.fee_lamports for fill in fills if fill.status is FillStatus.FAILED),
        tips=sum(fill.tip_lamports for fill in filled),
        rent=sum(fill.rent_lamports for fill in filled),
        venue_fees=sum(fill.venue_fee_lamports for fill in filled),
    )


def sharpe_of(returns: Sequence[float]) -> float | None:
    """Return mean over sample deviation, annualized from days; None where there are too few days or no spread."""
    if len(returns) < DAYS_MIN:
        return None
    deviation = statistics.stdev(returns)
    return statistics.fmean(returns) / deviation * DAYS_A_YEAR**0.5 if deviation > 0 else None


def _strategy(result: Result, name: str, plugin: str, spec_hash: str) -> StrategySummary:
    own: list[Trade] = [trade for trade in result.trades if trade.strategy == name]
    cash = sum(fill.sol_delta_lamports for fill in result.fills if fill.strategy == name)
    left = sum(one.value_lamports for one in result.left if one.strategy == name)
    return StrategySummary(name, plugin, spec_hash, len(own), sum(trade.net_lamports > 0 for trade in own), cash + left)
