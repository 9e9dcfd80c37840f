"""What a dishonest (or broken) Jupiter may answer: `swap/v2/build` with exactly one thing wrong in it, by name."""

import base64
import struct
from collections.abc import Callable
from typing import Any

from solders.pubkey import Pubkey

from memesnipe.chain import programs
from memesnipe.localnet import accounts
from memesnipe.localnet.switches import Poison

Json = Any
STRANGER = "StrangerStrangerStrangerStrangerStranger111"
QUOTED_OUT_AT, IN_AMOUNT_AT, PLATFORM_FEE_AT = 16, 8, 26
EMPTY_ACCOUNT_LAMPORTS = 1_000_000
TIP_LAMPORTS = 100_000_000
RECENT_BLOCKHASHES = "SysvarRecentB1ockHashes11111111111111111111"


def poisoned(built: dict[str, Json], poison: Poison, taker: str) -> dict[str, Json]:
    """Return the answer of `swap/v2/build` with one thing wrong in it; as it is without a poison."""
    if poison:
        POISONS[poison](built, taker)
    return built


def look_alike() -> str:
    """Return an address that a person would take for the Jupiter program's: its last bit is another."""
    real = bytes(Pubkey.from_string(programs.JUPITER_PROGRAM))
    return str(Pubkey.from_bytes(real[:-1] + bytes([real[-1] ^ 1])))


def _destination(built: Json, taker: str) -> None:
    built["swapInstruction"]["accounts"][2]["pubkey"] = STRANGER


def _source(built: Json, taker: str) -> None:
    built["swapInstruction"]["accounts"][1]["pubkey"] = STRANGER


def _other_mint(built: Json, taker: str) -> None:
    built["swapInstruction"]["accounts"][4]["pubkey"] = STRANGER


def _in_amount(built: Json, taker: str) -> None:
    _patch(built["swapInstruction"], IN_AMOUNT_AT, struct.pack("<Q", 2 * int(built["inAmount"])))


def _min_out_zero(built: Json, taker: str) -> None:
    _patch(built["swapInstruction"], QUOTED_OUT_AT, struct.pack("<Q", 0))


def _platform_fee(built: Json, taker: str) -> None:
    _patch(built["swapInstruction"], PLATFORM_FEE_AT, struct.pack("<H", 255))


def _look_alike_program(built: Json, taker: str) -> None:
    built["swapInstruction"]["programId"] = look_alike()


def _second_signer(built: Json, taker: str) -> None:
    built["swapInstruction"]["accounts"].append({"pubkey": STRANGER, "isSigner": True, "isWritable": False})


def _extra_transfer(built: Json, taker: str) -> None:
    _add(built, programs.SYSTEM_PROGRAM, struct.pack("<IQ", 2, EMPTY_ACCOUNT_LAMPORTS), [(taker, True, True), (STRANGER, False, True)])


def _inflated_tip(built: Json, taker: str) -> None:
    to = programs.JITO_TIP_ACCOUNTS[0]
    _add(built, programs.SYSTEM_PROGRAM, struct.pack("<IQ", 2, TIP_LAMPORTS), [(taker, True, True), (to, False, True)])


def _approve(built: Json, taker: str) -> None:
    metas = [(_given(built), False, True), (STRANGER, False, False), (taker, True, False)]
    _add(built, programs.TOKEN_PROGRAM, struct.pack("<BQ", 4, 2**64 - 1), metas)


def _set_authority(built: Json, taker: str) -> None:
    """SetAuthority(AccountOwner, Some(stranger))."""
    data = struct.pack("<BBB", 6, 2, 1) + bytes(Pubkey.from_string(STRANGER))
    _add(built, programs.TOKEN_PROGRAM, data, [(_given(built), False, True), (taker, True, False)])


def _close_account(built: Json, taker: str) -> None:
    metas = [(_given(built), False, True), (STRANGER, False, True), (taker, True, False)]
    _add(built, programs.TOKEN_PROGRAM, b"\x09", metas)


def _strangers_account(built: Json, taker: str) -> None:
    """We would pay the rent of a token account that is another's."""
    owner, mint = Pubkey.from_string(STRANGER), Pubkey.from_string(programs.WRAPPED_SOL_MINT)
    metas = [(taker, True, True), (str(accounts.associated(owner, mint)), False, True), (STRANGER, False, False), (str(mint), False, False)]
    metas += [(program, False, False) for program in (programs.SYSTEM_PROGRAM, programs.TOKEN_PROGRAM)]
    _add(built, programs.ATA_PROGRAM, b"\x01", metas)


def _nonce(built: Json, taker: str) -> None:
    """AdvanceNonceAccount as the first instruction: a signature that never expires."""
    metas = [(STRANGER, False, True), (RECENT_BLOCKHASHES, False, False), (taker, True, False)]
    built["setupInstructions"].insert(0, _told(programs.SYSTEM_PROGRAM, struct.pack("<I", 4), metas))


def _wrong_table(built: Json, taker: str) -> None:
    """Its word on what a lookup table holds is false; the table on chain is as it was."""
    for listed in built["addressesByLookupTableAddress"].values():
        listed.reverse()


def _absent_table(built: Json, taker: str) -> None:
    built["addressesByLookupTableAddress"] = {STRANGER: [STRANGER]}


POISONS: dict[str, Callable[[Json, str], None]] = {
    "destination": _destination,
    "source": _source,
    "other_mint": _other_mint,
    "in_amount": _in_amount,
    "min_out_zero": _min_out_zero,
    "platform_fee": _platform_fee,
    "look_alike_program": _look_alike_program,
    "second_signer": _second_signer,
    "extra_transfer": _extra_transfer,
    "inflated_tip": _inflated_tip,
    "approve": _approve,
    "set_authority": _set_authority,
    "close_account": _close_account,
    "strangers_account": _strangers_account,
    "nonce": _nonce,
    "wrong_table": _wrong_table,
    "absent_table": _absent_table,
}


def _given(built: Json) -> str:
    """Return the token account that the swap spends from."""
    account: str = built["swapInstruction"]["accounts"][1]["pubkey"]
    return account


def _patch(instruction: Json, at: int, part: bytes) -> None:
    data = base64.b64decode(instruction["data"])
    instruction["data"] = base64.b64encode(data[:at] + part + data[at + len(part) :]).decode()


def _add(built: Json, program: str, data: bytes, metas: list[tuple[str, bool, bool]]) -> None:
    built["setupInstructions"].append(_told(program, data, metas))


def _told(program: str, data: bytes, metas: list[tuple[str, bool, bool]]) -> dict[str, Json]:
    listed = [{"pubkey": key, "isSigner": signer, "isWritable": writable} for key, signer, writable in metas]
    return {"programId": program, "accounts": listed, "data": base64.b64encode(data).decode()}
