"""Made-up markets for the study: tokens whose prices nobody can know, or can know a little from who buys.

Each token has a hidden mood, up or down, that changes now and then. It tilts the side of each trade. With `drift` it tilts the price
too: that is the planted edge, weak in each trade and readable from several. Without, the same trades say nothing about any price: every
price is the expectation of all later ones, whatever a strategy looks at.

A day is one session: for each token two trades, a slot apart, so that an order may find the pool moved on. All sessions end within ten
minutes of each other's last trades, for a token that is silent longer is dead to the backtester.
"""

import msgspec
import numpy as np

from memesnipe.kernel.clock import NS_PER_S
from memesnipe.messages.bounds import Side
from memesnipe.messages.market import MarketEvent, PriceTick
from memesnipe.research.backtest.candles import mint_of
from memesnipe.research.backtest.returns import DAY_S
from memesnipe.research.stats.series import Floats, Ints
from memesnipe.testing.builders import SOL, START_NS

TOKENS = 3
TRADES = 2
"""Of a token in a day."""
APART_S = 60
"""Between two tokens' trades in a session."""
SLOT_NS = 400_000_000
FIRST_DAY_NS = START_NS - START_NS % (DAY_S * NS_PER_S)
SPREADS = (0.04, 0.01)
"""Standard deviation of a price's logarithm since the trade before: over night, and within the session's slot."""
MOOD_DAYS = 15
"""How long a mood lasts, on average."""
TILT = 0.25
"""How much likelier than one half a trade goes with the mood."""
DEPTH_LAMPORTS = 20_000 * SOL
"""SOL side of each pool: so deep that an order's own impact is no cost worth the name."""
UNITS_PER_LAMPORT = 10


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """Which kind of market."""

    days: int
    drift: float = 0.0
    """Of a price's logarithm in a day, up or down with the mood."""
    fee_bps: int = 25
    """Of the pools. 1 is the least that an event can state: 0 means "not said"."""


MINTS = tuple(mint_of(f"study-{number}") for number in range(TOKENS))


def a_market(seed: tuple[int, ...], kind: Kind) -> list[MarketEvent]:
    """Return a market's trades in order; the same seed and kind make the same ones."""
    draw = np.random.default_rng(seed)
    moods = _moods(draw, kind.days)
    prices = _prices(draw, moods, kind.drift)
    buys = draw.random((kind.days, TOKENS, TRADES)) < 0.5 + TILT * moods[:, :, None]
    sizes = (draw.lognormal(0.0, 1.0, buys.shape) * SOL).astype(np.int64)
    units = np.rint(DEPTH_LAMPORTS * UNITS_PER_LAMPORT / prices).astype(np.int64)
    return [
        _tick(day, token, trade, int(units[day, token, trade]), bool(buys[day, token, trade]), int(sizes[day, token, trade]), kind.fee_bps)
        for day in range(kind.days)
        for token in range(TOKENS)
        for trade in range(TRADES)
    ]


def _moods(draw: np.random.Generator, days: int) -> Ints:
    """Return each token's mood on each day, shape (days, tokens), as 1 or -1."""
    turns = draw.random((days, TOKENS)) < 1 / MOOD_DAYS
    first = draw.integers(0, 2, TOKENS)
    return np.asarray(1 - 2 * ((first + np.cumsum(turns, axis=0)) % 2), dtype=np.int64)


def _prices(draw: np.random.Generator, moods: Ints, drift: float) -> Floats:
    """Return prices, shape (days, tokens, trades), that begin near 1. Without drift each is the mean of what comes next."""
    spreads = np.array(SPREADS)
    shocks = draw.standard_normal((*moods.shape, TRADES)) * spreads - spreads**2 / 2
    steps = shocks + drift / TRADES * moods[:, :, None]
    along = np.cumsum(steps.transpose(0, 2, 1).reshape(-1, TOKENS), axis=0)
    return np.asarray(np.exp(along).reshape(len(moods), TRADES, TOKENS).transpose(0, 2, 1))


def _tick(day: int, token: int, trade: int, units: int, bought: bool, lamports: int, fee_bps: int) -> PriceTick:
    time_ns = FIRST_DAY_NS + (day * DAY_S + token * APART_S) * NS_PER_S + trade * SLOT_NS
    return PriceTick(
        f"{day}-{token}-{trade}", time_ns, time_ns // SLOT_NS, MINTS[token], "study", DEPTH_LAMPORTS, units, 6,
        Side.BUY if bought else Side.SELL, lamports, lamports * UNITS_PER_LAMPORT, fee_bps,
    )  # fmt: skip
