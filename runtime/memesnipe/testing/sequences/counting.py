"""What was bought, sold, promised and marked, counted a second time: the promises compare the stages with this and not with themselves.

Nothing of the stages' arithmetic is used here. Amounts are integers: lamports and token base units.
"""

from memesnipe.messages.bounds import AMOUNT_MAX, Mode, Side
from memesnipe.messages.market import PriceTick
from memesnipe.messages.orders import Fill, FillStatus, Intent, OrderIntent

Key = tuple[Mode, str, str]
"""(mode, strategy, mint)."""
FEES_AND_RENT_LAMPORTS = 5_000 + 2 * 2_039_280
"""Of any order, beside the policy's caps: one signature, the token's account and one for wrapped SOL."""


MODES = tuple(Mode)


class Held:
    """One holding."""

    __slots__ = ("cost", "marked_ns", "units", "value")

    def __init__(self) -> None:
        self.units = self.cost = self.value = self.marked_ns = 0


class Promised:
    """What an order in flight may take: lamports of a buy with everything, units of a sale."""

    __slots__ = ("key", "lamports", "units")

    def __init__(self, key: Key, lamports: int, units: int) -> None:
        self.key, self.lamports, self.units = key, lamports, units


class Count:
    """One view of what happened: of the world, or of a stage that has not heard all of it yet."""

    def __init__(self) -> None:
        self.held: dict[Key, Held] = {}
        self.promised: dict[str, Promised] = {}
        self.realized = dict.fromkeys(Mode, 0)
        self.peak = dict.fromkeys(Mode, 0)
        self._known: set[str] = set()

    def promise(self, mode: Mode, intent: Intent, inclusion_lamports_max: int) -> None:
        """Count an approved order; `inclusion_lamports_max` is what fee and tip may be."""
        buys = isinstance(intent, OrderIntent) and intent.side is Side.BUY
        lamports = intent.size_lamports + inclusion_lamports_max + FEES_AND_RENT_LAMPORTS if isinstance(intent, OrderIntent) and buys else 0
        self.promised[intent.id] = Promised((mode, intent.strategy, intent.mint), lamports, intent.size_units)

    def end(self, intent_id: str) -> None:
        """Take back the room of an order that ended."""
        self.promised.pop(intent_id, None)

    def fill(self, fill: Fill) -> None:
        """Count a fill, once."""
        if fill.settled_key in self._known:
            return
        self._known.add(fill.settled_key)
        if fill.status is FillStatus.FAILED:
            self.realized[fill.mode] += fill.sol_delta_lamports
        else:
            self.end(fill.intent_id)
            self._trade((fill.mode, fill.strategy, fill.mint), fill)
        self._note_peak()

    def holds(self, mint: str) -> bool:
        """Return whether anybody holds a token."""
        return any(key[2] == mint for key in self.held)

    def price(self, tick: PriceTick) -> None:
        """Mark whoever holds the token."""
        marked = [held for key, held in self.held.items() if key[2] == tick.mint]
        for held in marked:
            if tick.time_ns >= held.marked_ns:
                held.value = min(held.units * tick.quote_lamports // tick.base_units, AMOUNT_MAX)
                held.marked_ns = tick.time_ns
        if marked:
            self._note_peak()

    def _trade(self, key: Key, fill: Fill) -> None:
        if fill.side is Side.BUY:
            held = self.held.setdefault(key, Held())
            held.units += fill.token_delta_units
            held.cost -= fill.sol_delta_lamports
            held.value -= fill.sol_delta_lamports
            return
        held = self.held[key]
        left = held.units + fill.token_delta_units
        if left < 0:
            raise AssertionError(f"{-left} units sold that were not held")
        cost, value = held.cost * left // held.units, held.value * left // held.units
        self.realized[key[0]] += fill.sol_delta_lamports - (held.cost - cost)
        held.units, held.cost, held.value = left, cost, value
        if not left:
            del self.held[key]

    def _note_peak(self) -> None:
        for mode in MODES:
            pnl = min(self.pnl(mode), AMOUNT_MAX)
            if pnl > self.peak[mode]:
                self.peak[mode] = pnl

    def rearm(self, mode: Mode) -> None:
        """Begin a new high-water mark here: a person saw the loss."""
        self.peak[mode] = max(-AMOUNT_MAX, min(self.pnl(mode), AMOUNT_MAX))

    def pnl(self, mode: Mode) -> int:
        """Profit and loss of a mode, realized and not."""
        return self.realized[mode] + sum([held.value - held.cost for key, held in self.held.items() if key[0] is mode])

    def too_deep(self, mode: Mode, capital_lamports: int, limit_bps: int) -> bool:
        """Return whether equity fell further below its highest point than the limit."""
        fall = self.peak[mode] - self.pnl(mode)
        return fall > 0 and fall * 10_000 > limit_bps * max(capital_lamports + self.peak[mode], 0)

    def committed(self, mode: Mode, *, strategy: str = "", mint: str = "") -> int:
        """Lamports at cost and promised, of everybody or one strategy, in every token or one."""
        every = [(key, held.cost) for key, held in self.held.items()] + [(one.key, one.lamports) for one in self.promised.values()]
        return sum([amount for key, amount in every if key[0] is mode and strategy in ("", key[1]) and mint in ("", key[2])])

    def open(self, mode: Mode) -> set[Key]:
        """Return what is held or being bought."""
        bought = {one.key for one in self.promised.values() if one.lamports}
        return {key for key in bought.union(self.held) if key[0] is mode}

    def units(self, key: Key) -> int:
        """Units held."""
        held = self.held.get(key)
        return held.units if held else 0

    def free_units(self, key: Key) -> int:
        """Units held that nothing in flight sells."""
        return self.units(key) - sum([one.units for one in self.promised.values() if one.key == key])
