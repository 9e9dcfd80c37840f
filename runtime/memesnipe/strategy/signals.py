"""A strategy that is one rule on prices may declare it as a function of arrays; then a search can try it by machine code.

Optional, and never what trades: `on_event` does that, live, on paper and in a backtest. The declaration says the same again for the
compiled lane (`memesnipe.research.lane`), which holds the two against each other fill by fill and refuses a strategy where they differ.

A signal is for strategies of this shape, and for no others: each token by itself says "enter", "leave" or nothing at each of its prices;
one position a token, bought at once and sold whole. `Orders` is all that may stand between a signal and an order:

- nothing is done while an order of the token is under way;
- without a position: when one was seen to be gone, `cooldown_ns` begins. "Enter" buys if that is over, the last order of the token is
  `retry_ns` old, fewer than `positions_max` are held, and the size (the least of its bounds) is `size_lamports_min` or more;
- with a position: its first price starts the clock and the peak. It is sold at "leave", at a price `trailing_bps` or more below the peak,
  or once it is `hold_ns_max` old, if the last order of the token is `retry_ns` old.
"""

from collections.abc import Callable, MutableSequence, Sequence
from typing import Any

import msgspec

ENTER, NOTHING, LEAVE = 1, 0, -1

Times = Sequence[int]
Values = Sequence[float]
Marks = MutableSequence[int]
SignalFunction = Callable[[Times, Values, Values, Values, Marks], None]
"""(times_ns, prices, flows, numbers, marks): write ENTER, NOTHING or LEAVE for each price of ONE token into `marks`, which holds NOTHING.

All but `numbers` have one value a price, oldest first; times do not go back. A price is lamports per base unit. A flow is the trade's
lamports, above 0 for a buy, below for a sale, 0 where the event is none. Only numbers, loops and `math`: it is compiled by numba, with the
plain functions that it calls. The value at a price may rest on it and on those before it, never on later ones.
"""


class Orders(msgspec.Struct, frozen=True, kw_only=True):
    """What the strategy does with its signal. Lamports, bps, ns of event time; 0 means that there is no such bound."""

    slippage_bps_max: int
    size_bps: int
    """Of the strategy's capital; what is free bounds it too."""
    size_lamports_min: int
    size_lamports_max: int
    pool_share_bps_max: int = 0
    """Of the pool's quote reserve."""
    positions_max: int
    trailing_bps: int = 0
    hold_ns_max: int = 0
    cooldown_ns: int
    """Above 0: without one a token may be bought in the moment of its sale, which the lane refuses."""
    retry_ns: int = 0
    tokens_max: int
    """How many tokens it remembers. In a market of more it forgets some, which a signal cannot say: the lane refuses such a market."""


class Signal(msgspec.Struct, frozen=True):
    """The declaration: `@strategy(..., signal=Signal(function, numbers, orders))`. The last two take the validated parameters."""

    function: SignalFunction
    numbers: Callable[[Any], tuple[float, ...]]
    """What of the parameters the function needs."""
    orders: Callable[[Any], Orders]
