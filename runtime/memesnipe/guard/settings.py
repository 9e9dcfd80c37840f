"""Settings of wallet_guard, read once from the environment (`MEMESNIPE_<FIELD>`)."""

from typing import Annotated, Literal

from msgspec import Meta

from memesnipe.chain import costs
from memesnipe.kernel.settings import CommonSettings

SOL = 1_000_000_000

Amount = Annotated[int, Meta(ge=0, le=2**53)]
Bps = Annotated[int, Meta(ge=0, le=10_000)]


class GuardSettings(CommonSettings, frozen=True, kw_only=True):
    """Lamports, milliseconds, slots and bps, as the names say."""

    guard_trade_size_lamports_max: Amount = 5 * SOL
    """wallet_guard's own limit on a buy. The applied policy has one too; the smaller wins."""
    compute_units: Annotated[int, Meta(ge=1, le=costs.COMPUTE_UNITS_MAX)] = costs.COMPUTE_UNITS
    compute_unit_price_micro_lamports: Amount = costs.COMPUTE_UNIT_PRICE_MICRO_LAMPORTS
    tip_lamports: Amount = costs.TIP_LAMPORTS

    paper_quotes: Literal["reserves", "jupiter"] = "reserves"
    """`jupiter` also quotes, builds and checks a transaction, up to the signer's door; the fill still comes from reserves."""
    paper_slots_max: Annotated[int, Meta(ge=0, le=1_000)] = 2
    """A fill lands 0 to this many slots later, seeded by the intent's id. 0: at once, from the last reserves seen."""
    paper_failure_bps: Bps = 200
    """How many of 10,000 paper orders fail on chain, seeded by the intent's id."""
    paper_timeout_ms: Annotated[int, Meta(ge=1, le=600_000)] = 10_000
    """A token that nobody trades fills at its last reserves after this long."""
