"""What the machine knows of a strategy: what it is told (`Facts`), what it remembers (`Standing`). Frozen; integers but for tests."""

from collections.abc import Sequence

import msgspec

from memesnipe.evidence.gap import Gap
from memesnipe.kernel.ids import derive
from memesnipe.messages.bounds import Mode
from memesnipe.messages.promotion import HELD, PromotionStage, PromotionTerms
from memesnipe.promotion.sequential import NOTHING, START, Fortunes

WHOLE_BPS = 10_000


class Closed(msgspec.Struct, frozen=True):
    """One closed trade, net of everything."""

    time_ns: int
    intent_id: str
    net_lamports: int
    outlay_lamports: int
    mode: Mode

    @property
    def place(self) -> tuple[int, str]:
        """Return where it stands in the order of trades."""
        return self.time_ns, self.intent_id


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What is so about one strategy now, by what others say. None: nobody said."""

    strategy: str
    mode: Mode
    """Effective, as the applied configuration has it."""
    asked: bool
    """Whether its manifest asks for live."""
    unmet: tuple[str, ...] = ()
    """Gates that say False, but for who asks, the installation's switch and this machine."""
    spec_hash: str = ""
    code_hash: str = ""
    """Of the code that is registered; empty: it is not known, and unlike every other."""
    trades: Sequence[Closed] | None = ()
    """The newest, oldest first, of the mode it runs in. None: they cannot be read."""
    pnl_lamports: int | None = None
    """Live: realized, and what is held at marks."""
    capital_lamports: int = 0
    """Its capital in force."""
    gap: Gap | None = None
    """Live orders beside their paper twins."""
    tripped: str = ""
    """Why the strategy's own breaker stopped it since it is where it stands; empty: none did."""
    until_ns: int = 0
    """End of a cool-down that control keeps; 0: it keeps none."""

    def digest(self) -> str:
        """Return the hash that tells two sets of facts apart."""
        return derive("promotion-facts", msgspec.json.encode(self, order="deterministic"))


class Run(msgspec.Struct, frozen=True, array_like=True):
    """What a strategy did since it is live."""

    began_ns: int = 0
    last: tuple[int, str] = (0, "")
    """Place of the newest trade that is counted."""
    step_trades: int = 0
    """Counted in this step."""
    loss: Fortunes = START
    decay: Fortunes = NOTHING
    loss_max: float = 1.0
    decay_max: float = 0.0
    """The highest that both tests came to: what was once over the line stays over it."""
    peak_lamports: int | None = None
    """Highest live PnL; None: not seen yet."""
    capital_lamports: int = 0
    """The newest capital above 0."""
    orders: str = ""
    """The newest orders' ends, oldest first: `.` was sent, `x` was refused by guard or signer."""


class Standing(msgspec.Struct, frozen=True, array_like=True):
    """Where one strategy stands. The machine's whole memory of it."""

    stage: PromotionStage = PromotionStage.PAPER
    step: int = 0
    """Of the canary: the one it is on, or the one to come back to; 0: it never was live with this spec."""
    version: int = 0
    """How many words were said."""
    since_ns: int = 0
    before: PromotionStage = PromotionStage.PAPER
    """Where it stood before the newest word."""
    said_ns: int = 0
    """When that was said."""
    reason: str = ""
    facts_hash: str = ""
    spec_hash: str = ""
    floor_ppm: int = 0
    """What paper showed of the mean net result per lamport paid, at its lower end (millionths)."""
    run: Run = Run()
    demotions: int = 0
    """Of this spec."""
    until_ns: int = 0
    """End of the cool-down."""
    demoted_ns: int = 0
    """When it was demoted last: what it did on paper before was not enough to keep it live."""
    withdrawn: bool = False
    """Whether live is no longer asked for since the demotion: what is asked for afterwards was asked anew."""
    code_hash: str = ""
    """Of the code that all of this is about; empty: it was not known."""
    own_ns: int = 0
    """Since when this spec and code run: what was closed on paper before is another's. 0: they were the first that was met."""
    unwatched: bool = False
    """Whether it is live on the first step because its results cannot be judged."""

    @property
    def live(self) -> bool:
        """Whether it gets live capital."""
        return self.stage in (PromotionStage.CANARY, PromotionStage.FULL)


def ladder(terms: PromotionTerms) -> tuple[int, ...]:
    """Return the canary's steps in bps of what the allocator would give: from the first to the whole, which is no step, by one factor."""
    first, steps = terms.canary_first_bps, terms.canary_steps
    return tuple(int(first * (WHOLE_BPS / first) ** (place / steps)) for place in range(steps))


def weight_bps(standing: Standing, terms: PromotionTerms) -> int:
    """Return how much of what the allocator would give a strategy gets while it is live."""
    if standing.stage is PromotionStage.FULL:
        return WHOLE_BPS
    steps = ladder(terms)
    if standing.stage is PromotionStage.CANARY:
        return steps[min(max(standing.step, 1), len(steps)) - 1]
    return 0 if standing.stage in HELD else steps[0]
