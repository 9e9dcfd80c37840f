"""A mint's account -> what its token can do to a holder, and whether we buy such a token. Pure; imports almost nothing.

Strict on purpose: an account that is not exactly one clean spelling of a mint is refused, and so is an extension that is not known to
be harmless. A token that somebody can freeze, seize, pause, inflate or tax cannot be sold when it matters.

Layouts: SPL Token `Mint` (82 bytes) and the Token-2022 interface's `extension` module (account type at 165, then type, length and value
of each extension, little-endian): https://github.com/solana-program/token-2022/tree/main/interface/src/extension.
"""

import struct
from collections.abc import Callable, Iterator
from typing import Final

import msgspec
from solders.pubkey import Pubkey

from memesnipe.chain.programs import TOKEN_2022_PROGRAM, TOKEN_PROGRAM
from memesnipe.kernel.errors import Refused
from memesnipe.kernel.reasons import ReasonCode

DECIMALS_MAX: Final = 12
"""What real tokens stay below; with more, amounts of a sane supply no longer fit u64."""
SUPPLY_UNITS_MAX: Final = 2**63 - 1
DATA_BYTES_MAX: Final = 16_384
"""Metadata is a few hundred bytes; a mint larger than this is made to be expensive to read."""

MINT_BYTES: Final = 82
MULTISIG_BYTES: Final = 355
"""Of this size is a multisig and nothing else: the program pads a mint that would come out at it."""
ACCOUNT_TYPE_AT: Final = 165
ACCOUNT_TYPE_MINT: Final = 1
FROZEN: Final = 2
_UNINITIALIZED = 0
_MINT = struct.Struct("<I32sQBBI32s")
_HEAD = struct.Struct("<HH")
_FEES = struct.Struct("<32s32sQQQHQQH")

EXTENSIONS: Final[dict[int, tuple[str, tuple[int, ...]]]] = {
    1: ("transferFeeConfig", (108,)),
    3: ("mintCloseAuthority", (32,)),
    4: ("confidentialTransferMint", (65,)),
    6: ("defaultAccountState", (1,)),
    9: ("nonTransferable", (0,)),
    10: ("interestBearingConfig", (52,)),
    12: ("permanentDelegate", (32,)),
    14: ("transferHook", (64,)),
    16: ("confidentialTransferFeeConfig", (129,)),
    18: ("metadataPointer", (64,)),
    19: ("tokenMetadata", ()),
    20: ("groupPointer", (64,)),
    21: ("tokenGroup", (80,)),
    22: ("groupMemberPointer", (64,)),
    23: ("tokenGroupMember", (72,)),
    24: ("confidentialMintBurn", (132, 196)),
    25: ("scaledUiAmountConfig", (56,)),
    26: ("pausableConfig", (33,)),
    28: ("permissionedBurnConfig", (32,)),
}
"""A mint's extensions by `ExtensionType`: the name a node gives them under jsonParsed, and their sizes in bytes (empty: any)."""

DESCRIPTIVE: Final = frozenset(("metadataPointer", "tokenMetadata", "groupPointer", "tokenGroup", "groupMemberPointer", "tokenGroupMember"))
"""These name a token and do nothing."""


class TransferFee(msgspec.Struct, frozen=True, gc=False):
    """What each transfer loses (bps of the amount): until the epoch, and from it on."""

    older_bps: int
    newer_bps: int
    newer_epoch: int


class MintFacts(msgspec.Struct, frozen=True):
    """What a mint's account says. `extensions` hold raw values by name; authorities are base58, None when there is nobody."""

    program: str
    supply_units: int
    decimals: int
    mint_authority: str | None
    freeze_authority: str | None
    extensions: dict[str, bytes]

    @property
    def transfer_fee(self) -> TransferFee | None:
        """The fee schedule, None without the extension."""
        if (value := self.extensions.get("transferFeeConfig")) is None:
            return None
        *_, older_bps, newer_epoch, _, newer_bps = _FEES.unpack(value)
        return TransferFee(older_bps, newer_bps, newer_epoch)


class TokenRules(msgspec.Struct, frozen=True, gc=False):
    """What may be let through; the defaults let through nothing."""

    transfer_fee_bps_max: int = 0
    mint_authority_allowed: bool = False
    freeze_authority_allowed: bool = False


def mint_facts(program: str, data: bytes) -> MintFacts:
    """Return what a mint's account says: the program that owns it (base58) and its bytes. Raises Refused(TOKEN_MINT)."""
    if program not in (TOKEN_PROGRAM, TOKEN_2022_PROGRAM):
        raise _no_mint(f"it belongs to {program}, which is no token program")
    if len(data) < MINT_BYTES or len(data) > DATA_BYTES_MAX or len(data) == MULTISIG_BYTES:
        raise _no_mint(f"{len(data)} bytes")
    mint_tag, minter, supply, decimals, initialized, freeze_tag, freezer = _MINT.unpack_from(data)
    if initialized != 1 or mint_tag > 1 or freeze_tag > 1:
        raise _no_mint("it is not initialized, or not a mint")
    return MintFacts(
        program=program,
        supply_units=supply,
        decimals=decimals,
        # Only the tag counts: the program leaves the old key behind when an authority is given up.
        mint_authority=str(Pubkey(minter)) if mint_tag else None,
        freeze_authority=str(Pubkey(freezer)) if freeze_tag else None,
        extensions=_extensions(program, data),
    )


def check_token(facts: MintFacts, rules: TokenRules) -> None:
    """Raise Refused with the first thing that makes the token one we do not buy; return when there is none."""
    for check in (_amounts, _authorities, _known_harmless, _fees):
        check(facts, rules)


def _extensions(program: str, data: bytes) -> dict[str, bytes]:
    if len(data) == MINT_BYTES:
        return {}
    if program != TOKEN_2022_PROGRAM or len(data) <= ACCOUNT_TYPE_AT or data[ACCOUNT_TYPE_AT] != ACCOUNT_TYPE_MINT:
        raise _no_mint(f"{len(data)} bytes, and not a mint with extensions")
    if any(data[MINT_BYTES:ACCOUNT_TYPE_AT]):
        raise _no_mint("something is written between the mint and its extensions")
    found: dict[str, bytes] = {}
    for name, value in _entries(data[ACCOUNT_TYPE_AT + 1 :]):
        if name in found:
            raise _no_mint(f"{name} is there twice")
        found[name] = value
    return found


def _entries(rest: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the extensions. Zeros may follow (the program pads and shrinks so), anything else may not."""
    while any(rest):
        if len(rest) < _HEAD.size:
            raise _no_mint("trailing bytes")
        kind, size = _HEAD.unpack_from(rest)
        name, sizes = _known(kind)
        value, rest = rest[_HEAD.size : _HEAD.size + size], rest[_HEAD.size + size :]
        if len(value) != size or (sizes and size not in sizes):
            raise _no_mint(f"{name} of {size} bytes")
        yield name, value


def _known(kind: int) -> tuple[str, tuple[int, ...]]:
    if kind == _UNINITIALIZED:
        raise _no_mint("bytes after the last extension")
    if kind not in EXTENSIONS:
        raise Refused(ReasonCode.TOKEN_EXTENSION, f"extension {kind} is not known here")
    return EXTENSIONS[kind]


def _amounts(facts: MintFacts, rules: TokenRules) -> None:
    """Without a supply nothing can be bought, and numbers beyond these bounds no longer fit the messages."""
    if not (0 < facts.supply_units <= SUPPLY_UNITS_MAX):
        raise _no_mint(f"a supply of {facts.supply_units} units")
    if not (0 <= facts.decimals <= DECIMALS_MAX):
        raise _no_mint(f"{facts.decimals} decimals, at most {DECIMALS_MAX}")


def _authorities(facts: MintFacts, rules: TokenRules) -> None:
    """Who may mint can sell us what cost nothing; who may freeze can let everybody buy and nobody sell."""
    if facts.mint_authority is not None and not rules.mint_authority_allowed:
        raise Refused(ReasonCode.TOKEN_AUTHORITY, f"{facts.mint_authority} can mint more")
    if facts.freeze_authority is not None and not rules.freeze_authority_allowed:
        raise Refused(ReasonCode.TOKEN_AUTHORITY, f"{facts.freeze_authority} can freeze what is bought")


def _known_harmless(facts: MintFacts, rules: TokenRules) -> None:
    for name, value in facts.extensions.items():
        if not HARMLESS.get(name, _never)(value):
            raise Refused(ReasonCode.TOKEN_EXTENSION, f"{name}: {HARM.get(name, 'not known to be harmless')}")


def _fees(facts: MintFacts, rules: TokenRules) -> None:
    """Both fees count: a raise takes effect one to two epochs after it is set, so the one to come may meet our exit."""
    fee = facts.transfer_fee
    if fee is not None and not (max(fee.older_bps, fee.newer_bps) <= rules.transfer_fee_bps_max):
        said = f"{fee.older_bps} bps of each transfer, {fee.newer_bps} from epoch {fee.newer_epoch}"
        raise Refused(ReasonCode.TOKEN_FEE, f"{said}; at most {rules.transfer_fee_bps_max}")


def _always(value: bytes) -> bool:
    return True


def _never(value: bytes) -> bool:
    return False


def _nobody(value: bytes) -> bool:
    return not any(value)


def _not_frozen(value: bytes) -> bool:
    return value[0] != FROZEN


HARMLESS: Final[dict[str, Callable[[bytes], bool]]] = {
    **dict.fromkeys(DESCRIPTIVE, _always),
    "transferFeeConfig": _always,  # judged by its rates, in `_fees`
    "mintCloseAuthority": _nobody,
    "transferHook": _nobody,  # neither a program nor somebody who could set one
    "defaultAccountState": _not_frozen,  # whoever could change it is the freeze authority
}
"""Which extensions may be there, and with what in them. An allow-list: what a later program adds is refused until it is read."""

HARM: Final[dict[str, str]] = {
    "mintCloseAuthority": "the mint can be closed and made anew as another token",
    "transferHook": "a program of the issuer's decides on each transfer",
    "defaultAccountState": "accounts are frozen from the start",
    "permanentDelegate": "somebody can take what is bought out of our account",
    "nonTransferable": "what is bought cannot be sold",
    "pausableConfig": "somebody can stop all transfers",
    "confidentialTransferMint": "amounts that cannot be read cannot be checked",
    "confidentialTransferFeeConfig": "fees that cannot be read cannot be capped",
    "confidentialMintBurn": "the supply cannot be read",
    "permissionedBurnConfig": "somebody decides what may be burnt",
    # Only what wallets show changes, never what we hold or trade (base units). It is refused because an honest memecoin has no use for
    # it, and prices that other people read off a screen move when the issuer says so.
    "interestBearingConfig": "the amounts that wallets show grow by themselves",
    "scaledUiAmountConfig": "the amounts that wallets show are the issuer's to change",
}
"""What each of the others does to a holder."""


def _no_mint(detail: str) -> Refused:
    return Refused(ReasonCode.TOKEN_MINT, f"not a mint that can be read: {detail}")
