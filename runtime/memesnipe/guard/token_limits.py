"""What a token may be like and still be bought: the settings as one value."""

import msgspec

from memesnipe.chain.token_rules import TokenRules
from memesnipe.guard.settings import ALLOWED, SIMULATED, GuardSettings


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What may be let through; see docs/reference/token-safety.md. Seconds, bps and counts, as the names say."""

    rules: TokenRules = TokenRules()
    holder_bps_max: int = 2_000
    lp_burnt_bps_min: int = 9_000
    round_trip_bps_max: int = 2_000
    simulated: bool = True
    creator_launches_max: int = 0
    timeout_s: float = 5.0
    remember_s: float = 3.0


def limits_of(settings: GuardSettings) -> Limits:
    """Return what the settings let through."""
    return Limits(
        rules=TokenRules(
            transfer_fee_bps_max=settings.token_transfer_fee_bps_max,
            mint_authority_allowed=settings.token_mint_authority == ALLOWED,
            freeze_authority_allowed=settings.token_freeze_authority == ALLOWED,
        ),
        holder_bps_max=settings.token_holder_bps_max,
        lp_burnt_bps_min=settings.token_lp_burnt_bps_min,
        round_trip_bps_max=settings.token_round_trip_bps_max,
        simulated=settings.token_round_trip == SIMULATED,
        creator_launches_max=settings.token_creator_launches_max,
        timeout_s=settings.token_check_ms_max / 1_000,
        remember_s=settings.token_remember_ms / 1_000,
    )
