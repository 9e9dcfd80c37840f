"""Limits of market quality and of concentration: pools, prices, venues, tokens that move together. A part of the RiskPolicy."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from memesnipe.manifests.fields import BpsField, Change, GoalBps, Milliseconds, Model, Name, Seconds, Sol, applied, on_change

GROUPS_MAX, GROUP_MINTS_MAX = 32, 64
Mint = Annotated[str, Field(pattern=r"^[1-9A-HJ-NP-Za-km-z]+$", min_length=32, max_length=44)]
Mints = Annotated[tuple[Mint, ...], Field(max_length=GROUP_MINTS_MAX)]
EventCount = Annotated[int, Field(ge=0, le=1_000, strict=True)]


class Market(Model):
    """Each one refuses buys and nothing else: sells and exits always pass. What is not known counts against the order."""

    pool_share_bps_max: BpsField = applied(500)
    """How much of the SOL in a token's pool a buy may be, together with our buys that are in flight. 0: not asked for."""
    volatility_bps_max: GoalBps = applied(0)
    """A token that moves more in a minute than this (root mean square of the last hour's returns) is not bought. 0: not asked for."""
    venue_exposure_sol_max: Sol = applied(Decimal(0))
    """The most that all strategies may hold and have on order in tokens of one venue. 0: no limit beside the portfolio's."""
    group_exposure_sol_max: Sol = applied(Decimal(0))
    """The same for one of `tokenGroups`, and for all tokens that move with the one to be bought. 0: no limit beside the portfolio's."""
    correlation_bps_min: BpsField = applied(7_000)
    """From which correlation of one-minute returns on two tokens count as moving together; so do two of which it is not known."""
    token_groups: dict[Name, Mints] = Field(
        default_factory=dict, max_length=GROUPS_MAX, json_schema_extra={**on_change(Change.APPLIED), "x-cluster-default": {}}
    )
    """Mints by the name of a group: tokens of which you know that they fall together."""
    expected_shortfall_bps_max: BpsField = applied(0)
    """What the worst 2.5% of the last hour's minutes may cost on average, of the capital; unknown tokens are lost. 0: not asked for."""
    feed_age_s_max: Seconds = applied(60)
    """Nothing is bought when no price of any token is younger than this; it ends by itself when prices flow again. 0: not asked for."""
    token_price_age_s_max: Seconds = applied(300)
    """A token is not bought when its own last price is older than this. 0: not asked for."""
    skewed_events_max: EventCount = applied(10)
    """How many events a minute may be further ahead than `clockSkewMsMax`; with more nothing is bought until a minute has none. 0: any."""
    duplicate_window_ms: Milliseconds = applied(2_000)
    """For how long after a buy the strategy's next one of the token is refused: two executors of one Strategy ask twice. 0: not at all."""
