"""Mint accounts, byte for byte: a clean one, and one with whatever extensions a test wants in it.

Written from the SPL layouts without any code of `chain.token_rules`, so that the reader is not tested against its own assumptions.
"""

from struct import pack

from solders.pubkey import Pubkey

from memesnipe.chain import programs

TOKEN, TOKEN_2022 = programs.TOKEN_PROGRAM, programs.TOKEN_2022_PROGRAM
SOMEBODY = Pubkey.from_string("5Q544fKrFoe6tsEbD7S8EmxGTJYAKtTVhAW5Q5pge4j1")
NOBODY = bytes(32)
SUPPLY_UNITS = 10**15

FEE_CONFIG, CLOSE_AUTHORITY, CONFIDENTIAL, DEFAULT_STATE, NON_TRANSFERABLE, INTEREST = 1, 3, 4, 6, 9, 10
DELEGATE, HOOK, CONFIDENTIAL_FEE, METADATA_POINTER, METADATA = 12, 14, 16, 18, 19
GROUP_POINTER, GROUP, MEMBER_POINTER, MEMBER, CONFIDENTIAL_MINT = 20, 21, 22, 23, 24
SCALED, PAUSABLE, PERMISSIONED_BURN = 25, 26, 28
"""Extension types, by number."""


def mint(
    *extensions: tuple[int, bytes],
    supply: int = SUPPLY_UNITS,
    decimals: int = 6,
    minter: Pubkey | None = None,
    freezer: Pubkey | None = None,
    tail: bytes = b"",
) -> bytes:
    """Return a mint's data: 82 bytes, or with the extensions (type, value) after the account type at 165. `tail` follows all."""
    base = _option(minter) + pack("<QBB", supply, decimals, 1) + _option(freezer)
    if not extensions and not tail:
        return base
    entries = b"".join(pack("<HH", kind, len(value)) + value for kind, value in extensions)
    return base.ljust(165, b"\0") + b"\x01" + entries + tail


def fee(older_bps: int, newer_bps: int, epoch: int = 700) -> tuple[int, bytes]:
    """Return a transfer-fee extension: what is taken until the epoch, and from it on (bps)."""
    older, newer = pack("<QQH", epoch - 2, 2**63, older_bps), pack("<QQH", epoch, 2**63, newer_bps)
    return FEE_CONFIG, bytes(SOMEBODY) + bytes(SOMEBODY) + bytes(8) + older + newer


def metadata(mint_key: bytes = bytes(SOMEBODY)) -> tuple[int, bytes]:
    """Return metadata as pump.fun's create_v2 writes it: update authority, mint, name, symbol, uri, no more fields."""
    texts = [b"Turbo Frog", b"TURFRO", b"https://example.invalid/a.json"]
    return METADATA, NOBODY + mint_key + b"".join(pack("<I", len(text)) + text for text in texts) + pack("<I", 0)


def pointer(kind: int = METADATA_POINTER, address: bytes = bytes(SOMEBODY)) -> tuple[int, bytes]:
    """Return a metadata, group or member pointer without an authority."""
    return kind, NOBODY + address


def _option(key: Pubkey | None) -> bytes:
    return pack("<I", 1) + bytes(key) if key else bytes(36)
