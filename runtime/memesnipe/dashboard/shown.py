"""What the page shows, as one JSON-able value: what `snapshot.build` makes, and what the page and `memesnipe status` read.

Lamports stay integers (2**53 lamports are nine million SOL, so a browser can hold them); token units go as text, because
their number does not fit.
"""

import msgspec

from memesnipe.dashboard.facts import Lag
from memesnipe.messages.bounds import HaltState, Mode


class Marker(msgspec.Struct, frozen=True):
    """What money is at stake: the first thing a person must know."""

    kind: str
    text: str


class Halt(msgspec.Struct, frozen=True):
    """The state of one scope, why, and what it allows."""

    scope: str
    state: HaltState
    reason: str
    allows: str


class Numbers(msgspec.Struct, frozen=True):
    """The tiles (lamports, bps)."""

    equity_lamports: int
    capital_lamports: int
    realized_lamports: int
    unrealized_lamports: int
    drawdown_bps: int
    costs_lamports: int
    open_positions: int
    exposure_lamports: int


class Holding(msgspec.Struct, frozen=True):
    """One open position."""

    strategy: str
    mode: Mode
    mint: str
    symbol: str
    units: str
    cost_lamports: int
    value_lamports: int
    pnl_lamports: int
    pnl_bps: int
    price_sol: float | None
    stop_sol: float | None
    opened_s: int
    marked: bool
    """False: no price since the last fill, shown at cost."""
    stop_known: bool
    """False: nobody could be asked, so no `stop_sol` is not "no stop"."""


class FillLine(msgspec.Struct, frozen=True):
    """One landed or paper transaction."""

    time_ms: int
    strategy: str
    mode: Mode
    side: str
    symbol: str
    mint: str
    status: str
    lamports: int
    units: str
    fees_lamports: int
    latency_ms: int
    cause: str
    signature: str
    order: str
    """The intent's id: what the page asks the whole way of."""


class RefusalLine(msgspec.Struct, frozen=True):
    """One refused order."""

    time_ms: int
    strategy: str
    stage: str
    reason: str
    detail: str
    symbol: str
    side: str
    order: str
    """The intent's id."""


class ReasonLine(msgspec.Struct, frozen=True):
    """How often a reason came up, and what a person can do about it."""

    stage: str
    reason: str
    count: int
    remedy: str


class Ticker(msgspec.Struct, frozen=True):
    """A token's newest price and its recent course."""

    mint: str
    symbol: str
    price_sol: float
    change_bps: int
    spark: tuple[float, ...]
    held: bool


class StrategyLine(msgspec.Struct, frozen=True):
    """An applied strategy."""

    id: str
    mode: Mode
    paused: bool
    halt: HaltState
    weight_bps: int
    capital_lamports: int
    exposure_lamports: int
    pnl_lamports: int
    open_positions: int


class Snapshot(msgspec.Struct, frozen=True):
    """The whole page."""

    time_ms: int
    marker: Marker
    halt: Halt
    own_halts: tuple[Halt, ...]
    halt_epoch: int
    config_version: int
    numbers: Numbers
    equity: tuple[tuple[int, int], ...]
    holdings: tuple[Holding, ...]
    held: int
    """Open positions of every mode; more than `holdings` where their number is bounded."""
    fills: tuple[FillLine, ...]
    refusals: tuple[RefusalLine, ...]
    reasons: tuple[ReasonLine, ...]
    prices: tuple[Ticker, ...]
    strategies: tuple[StrategyLine, ...]
    lags: tuple[Lag, ...]
    dead_letters: int
    problems: tuple[str, ...]
    unknown: tuple[str, ...]
    """Parts (redis, ledger) that were never read: what is empty of theirs is not "none", nor is its halt state "active"."""
