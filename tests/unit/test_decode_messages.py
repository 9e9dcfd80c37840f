"""Messages decode to what they say, or are refused; real captures decode to what the chain recorded."""

import base64
import json
from contextlib import suppress
from typing import Any

import pytest
from solders.hash import Hash
from solders.instruction import CompiledInstruction, Instruction
from solders.message import MessageAddressTableLookup, MessageHeader, MessageV0, MessageV1, TransactionConfig, to_bytes_versioned
from solders.pubkey import Pubkey
from solders.signature import Signature

from memesnipe.chain import policy, programs
from memesnipe.chain.bonding_curve import bonding_curve
from memesnipe.chain.decode import decode_message, read_transaction, version_is_allowed
from memesnipe.chain.decode_tables import addresses_in
from memesnipe.kernel.errors import Refused
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.signing import LookupTable
from memesnipe.testing import swaps
from memesnipe.testing.builders import an_intent
from memesnipe.testing.mutants.corpus import taken_away
from memesnipe.testing.recorded import DATA
from memesnipe.testing.swaps import POOL, World

FIXTURES = DATA / "fixtures"
needs_fixtures = pytest.mark.skipif(not FIXTURES.is_dir(), reason="no captures of real transactions beside the repository")
WORLD = World.make()
INTENT = an_intent()
PARTS = swaps.a_swap(INTENT, WORLD.wallet)


def test_a_v0_message_decodes_to_its_instructions() -> None:
    decoded = decode_message(swaps.compiled(PARTS, WORLD.wallet), ())

    assert (decoded.version, decoded.signers, decoded.payer) == ("v0", 1, WORLD.wallet)
    assert [(each.program, each.data) for each in decoded.instructions] == [(each.program_id, each.data) for each in PARTS.instructions()]
    assert [each.accounts for each in decoded.instructions] == [tuple(m.pubkey for m in each.accounts) for each in PARTS.instructions()]


def test_a_legacy_message_says_the_same_as_v0() -> None:
    legacy, v0 = decode_message(swaps.compiled_legacy(PARTS, WORLD.wallet), ()), decode_message(swaps.compiled(PARTS, WORLD.wallet), ())

    assert legacy.version == "legacy"
    assert [each.accounts for each in legacy.instructions] == [each.accounts for each in v0.instructions]


def test_looked_up_accounts_are_resolved_writable_first() -> None:
    table = swaps.a_table(*reversed(POOL))

    decoded = decode_message(swaps.compiled(PARTS, WORLD.wallet, tables=(table,)), (table,))

    assert set(decoded.keys[decoded.static_keys :]) == set(POOL)
    swap = next(each for each in decoded.instructions if each.program == swaps.JUPITER)
    assert swap.accounts[10:] == POOL


def looking_up(*lookups: MessageAddressTableLookup) -> bytes:
    keys = [WORLD.wallet, swaps.JUPITER]
    return bytes(
        to_bytes_versioned(
            MessageV0(MessageHeader(1, 0, 1), keys, Hash.default(), [CompiledInstruction(1, b"", bytes([0, 2]))], list(lookups))
        )
    )


def test_a_table_that_is_given_twice_is_refused() -> None:
    table = swaps.a_table()

    assert _code(looking_up(MessageAddressTableLookup(Pubkey.from_string(table.key), bytes([0]), b"")), (table, table)) is (
        ReasonCode.TX_LOOKUP_TABLE
    )


def test_an_account_that_a_table_repeats_is_refused() -> None:
    """The chain would refuse it too, but only after the fee is paid; and it hides who is meant."""
    table = swaps.a_table(WORLD.wallet)

    assert _code(looking_up(MessageAddressTableLookup(Pubkey.from_string(table.key), bytes([0]), b"")), (table,)) is (
        ReasonCode.TX_LOOKUP_TABLE
    )


def whole() -> bytes:
    return swaps.table_data(*POOL)


@pytest.mark.parametrize("data", [b"", whole()[:55], whole()[:-1], whole() + b"\0", bytes(248), ("z" * 44,)], ids=len)
def test_a_table_whose_account_is_not_one_is_refused_by_its_key(data: Any) -> None:
    table = LookupTable(swaps.a_table().key, data)

    with pytest.raises(Refused, match=table.key) as refused:
        decode_message(looking_up(MessageAddressTableLookup(Pubkey.from_string(table.key), bytes([0]), b"")), (table,))

    assert refused.value.code is ReasonCode.TX_LOOKUP_TABLE


def test_the_last_of_256_addresses_is_found_where_the_chain_has_it() -> None:
    keys = [Pubkey.from_bytes(bytes([12, number]) + bytes(30)) for number in range(256)]
    table = LookupTable(swaps.a_table().key, swaps.table_data(*keys))

    decoded = decode_message(looking_up(MessageAddressTableLookup(Pubkey.from_string(table.key), bytes([255]), bytes([0]))), (table,))

    assert decoded.keys[decoded.static_keys :] == (keys[255], keys[0])
    assert addresses_in(table) == tuple(keys)


def test_a_v1_message_is_read_with_its_fee_as_a_total_and_is_not_for_signing() -> None:
    config = TransactionConfig(priority_fee=123_456, compute_unit_limit=200_000)
    message = bytes(to_bytes_versioned(MessageV1.try_compile(WORLD.wallet, [PARTS.swap], Hash.default(), config)))  # type: ignore[list-item] # it is there

    landed = read_transaction(message + bytes(64))

    assert (landed.version, landed.priority_fee_lamports, landed.compute_units) == ("v1", 123_456, 200_000)
    assert _code(message, ()) is ReasonCode.TX_VERSION


def test_a_v1_fee_above_the_cap_is_refused_as_a_total_were_the_version_allowed() -> None:
    limits = policy.Limits(priority_fee_lamports_max=100_000, tip_lamports_max=0)
    terms = policy.terms_of(INTENT, wallet=WORLD.wallet, min_out=1, limits=limits)

    def fee_is_allowed(lamports: int) -> bool:
        config = TransactionConfig(priority_fee=lamports, compute_unit_limit=1)
        message = bytes(to_bytes_versioned(MessageV1.try_compile(WORLD.wallet, [PARTS.swap], Hash.default(), config)))  # type: ignore[list-item] # it is there
        with taken_away(version_is_allowed), suppress(Refused):
            return bool(policy.check(message, (), terms))
        return False

    assert [fee_is_allowed(lamports) for lamports in (100_000, 100_001)] == [True, False]


def test_a_wire_transaction_with_bytes_behind_it_is_not_read() -> None:
    raw = b"\x01" + bytes(64) + swaps.compiled(PARTS, WORLD.wallet)

    with pytest.raises(Refused):
        read_transaction(raw + b"\0")


def test_a_v1_transaction_may_fill_its_4096_bytes_and_no_more() -> None:
    def of_size(size: int) -> bytes:
        """A v1 transaction whose one instruction's data fills it."""
        empty = v1_of(Instruction(swaps.JUPITER, b"", []))
        return v1_of(Instruction(swaps.JUPITER, bytes(size - len(empty)), []))

    assert (len(of_size(4_096)), read_transaction(of_size(4_096)).version) == (4_096, "v1")
    with pytest.raises(Refused, match="4097 bytes"):
        read_transaction(of_size(4_097))


def test_a_v1_message_without_a_config_states_no_fee_and_no_limit() -> None:
    landed = read_transaction(v1_of(Instruction(swaps.JUPITER, b"", [])))

    assert (landed.priority_fee_lamports, landed.compute_units) == (0, 0)


def v1_of(instruction: Instruction) -> bytes:
    """A v1 transaction with an empty signature, which stands at its end."""
    return bytes(to_bytes_versioned(MessageV1.try_compile(WORLD.wallet, [instruction], Hash.default()))) + bytes(64)


def test_a_wire_transaction_with_an_extra_signature_is_not_read() -> None:
    message = swaps.compiled(PARTS, WORLD.wallet)

    assert read_transaction(b"\x01" + bytes(64) + message).payer == WORLD.wallet
    with pytest.raises(Refused):
        read_transaction(b"\x02" + bytes(128) + message)


@needs_fixtures
@pytest.mark.parametrize("name", ["raw_buy_tx_from_gettransaction.json", "raw_create_tx_from_gettransaction.json"])
def test_a_real_capture_is_rebuilt_to_the_signed_bytes_and_decodes_to_what_was_recorded(name: str) -> None:
    result = json.loads((FIXTURES / name).read_text())["result"]
    recorded, raw = result["transaction"]["message"], wire(result["transaction"])
    looked_up = [key["pubkey"] for key in recorded["accountKeys"] if key["source"] == "lookupTable"]

    decoded = read_transaction(raw, looked_up)

    signature = Signature.from_string(result["transaction"]["signatures"][0])
    message = raw[1 + 64 * decoded.signers :]
    assert signature.verify(decoded.payer, message), "the rebuilt bytes are not those that were signed"
    assert [str(each.program) for each in decoded.instructions] == [each["programId"] for each in recorded["instructions"]]
    accounts = [each["accounts"] for each in recorded["instructions"] if "accounts" in each]
    kept = [each for each, was in zip(decoded.instructions, recorded["instructions"], strict=True) if "accounts" in was]
    assert [[str(key) for key in each.accounts] for each in kept] == accounts


@needs_fixtures
def test_a_real_curve_account_decodes_to_reserves_that_fit_its_lamports_and_the_start_of_every_curve() -> None:
    value = json.loads((FIXTURES / "raw_bonding_curve_from_getaccountinfo.json").read_text())["result"]["value"]
    data = base64.b64decode(value["data"][0])

    curve = bonding_curve(value["owner"], data)

    rent_lamports = (128 + len(data)) * 6_960
    assert value["lamports"] == rent_lamports + curve.real_quote_lamports
    assert curve.virtual_quote_lamports - curve.real_quote_lamports == programs.PUMP_VIRTUAL_QUOTE_START_LAMPORTS
    sold_units = programs.PUMP_REAL_BASE_START_UNITS - curve.real_base_units
    assert sold_units == programs.PUMP_VIRTUAL_BASE_START_UNITS - curve.virtual_base_units
    assert (curve.supply_units, curve.complete, curve.quote_mint) == (programs.PUMP_SUPPLY_UNITS, False, None)


@pytest.mark.parametrize("data", [b"", programs.PUMP_BONDING_CURVE, programs.PUMP_BONDING_CURVE + bytes(106), bytes(151)], ids=len)
def test_an_account_that_is_no_curve_is_refused(data: bytes) -> None:
    with pytest.raises(Refused):
        bonding_curve(programs.PUMP_PROGRAM, data)


def test_a_curve_under_another_program_is_refused() -> None:
    with pytest.raises(Refused):
        bonding_curve(programs.PUMPSWAP_PROGRAM, programs.PUMP_BONDING_CURVE + bytes(200))


def wire(transaction: dict[str, Any]) -> bytes:
    """Rebuild a transaction's wire bytes from the RPC's parsed form."""
    message = transaction["message"]
    keys = [Pubkey.from_string(key["pubkey"]) for key in message["accountKeys"]]
    static = [key for key in message["accountKeys"] if key["source"] == "transaction"]
    signers = [key for key in static if key["signer"]]
    header = MessageHeader(
        len(signers), sum(not key["writable"] for key in signers), sum(not key["writable"] and not key["signer"] for key in static)
    )
    compiled = [_compiled(each, keys) for each in message["instructions"]]
    lookups = [
        MessageAddressTableLookup(Pubkey.from_string(each["accountKey"]), bytes(each["writableIndexes"]), bytes(each["readonlyIndexes"]))
        for each in message["addressTableLookups"]
    ]
    built = MessageV0(header, keys[: len(static)], Hash.from_string(message["recentBlockhash"]), compiled, lookups)
    signatures = b"".join(bytes(Signature.from_string(each)) for each in transaction["signatures"])
    return bytes([len(signers)]) + signatures + bytes(to_bytes_versioned(built))


def _compiled(instruction: dict[str, Any], keys: list[Pubkey]) -> CompiledInstruction:
    accounts, data = _parsed(instruction) if "parsed" in instruction else (instruction["accounts"], _base58(instruction["data"]))
    places = bytes(keys.index(Pubkey.from_string(key)) for key in accounts)
    return CompiledInstruction(keys.index(Pubkey.from_string(instruction["programId"])), data, places)


def _parsed(instruction: dict[str, Any]) -> tuple[list[str], bytes]:
    """Two instructions of the captures were parsed by the RPC node; their bytes follow from what it says."""
    info = instruction["parsed"]["info"]
    if instruction["parsed"]["type"] == "transfer":
        return [info["source"], info["destination"]], b"\x02\x00\x00\x00" + info["lamports"].to_bytes(8, "little")
    assert instruction["parsed"]["type"] == "createIdempotent"
    return [info["source"], info["account"], info["wallet"], info["mint"], programs.SYSTEM_PROGRAM, info["tokenProgram"]], b"\x01"


def _base58(text: str) -> bytes:
    alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
    number = 0
    for letter in text:
        number = number * 58 + alphabet.index(letter)
    zeros = len(text) - len(text.lstrip("1"))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")


def _code(message: bytes, tables: tuple[LookupTable, ...]) -> ReasonCode | None:
    try:
        decode_message(message, tables)
    except Refused as refused:
        return refused.code
    return None
