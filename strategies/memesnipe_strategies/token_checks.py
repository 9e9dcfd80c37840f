"""What must be true of a new token before it is bought. A check that could not be made is a refusal, not a pass."""

from enum import StrEnum

from memesnipe.messages.market import Launch

EXTENSIONS_ALLOWED = frozenset({"metadatapointer", "tokenmetadata", "grouppointer", "groupmemberpointer", "tokengroup", "tokengroupmember"})
"""Token-2022 extensions that only describe. Everything else is refused, the next one that somebody invents included:
permanent delegates, transfer hooks, pausable, non-transferable, default-frozen, confidential and fee-taking tokens can all
be bought and then not sold, or taken away."""


class TokenCheck(StrEnum):
    """The checks by name, as a manifest's `unverifiable` spells them."""

    MINT_AUTHORITY = "mint_authority"
    FREEZE_AUTHORITY = "freeze_authority"
    EXTENSIONS = "extensions"
    TOP_HOLDER = "top_holder"
    SELL_ROUTE = "sell_route"
    CREATOR = "creator"


def _extensions_describe(launch: Launch) -> bool | None:
    if launch.extensions is None:
        return None
    return all(_spelled(extension) in EXTENSIONS_ALLOWED for extension in launch.extensions)


def _spelled(extension: str) -> str:
    """Return a name that `metadata_pointer`, `metadataPointer` and `MetadataPointer` share."""
    return "".join(letter for letter in extension.lower() if letter.isalnum())


def _at_most(value: int | None, limit: int) -> bool | None:
    return None if value is None else value <= limit


def first_refusal(
    launch: Launch, top_holder_bps_max: int, creator_launches_max: int, unverifiable: frozenset[TokenCheck]
) -> TokenCheck | None:
    """Return the first check that is not passed, None if all are. Only a check named in `unverifiable` may be unknown."""
    for check, verdict in _verdicts(launch, top_holder_bps_max, creator_launches_max).items():
        if verdict is not True and not (verdict is None and check in unverifiable):
            return check
    return None


def _verdicts(launch: Launch, top_holder_bps_max: int, creator_launches_max: int) -> dict[TokenCheck, bool | None]:
    return {
        TokenCheck.MINT_AUTHORITY: launch.mint_authority_revoked,
        TokenCheck.FREEZE_AUTHORITY: launch.freeze_authority_revoked,
        TokenCheck.EXTENSIONS: _extensions_describe(launch),
        TokenCheck.TOP_HOLDER: _at_most(launch.top_holder_bps, top_holder_bps_max),
        TokenCheck.SELL_ROUTE: launch.sell_route_ok,
        TokenCheck.CREATOR: _at_most(launch.creator_launches, creator_launches_max),
    }
