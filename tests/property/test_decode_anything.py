"""Whatever bytes come, decoding and policy raise Refused and nothing else; and nothing but the exact order passes."""

from contextlib import suppress
from functools import partial

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from solders.compute_budget import ID as COMPUTE_BUDGET
from solders.hash import Hash
from solders.instruction import Instruction
from solders.message import MessageV1, TransactionConfig, to_bytes_versioned

from memesnipe.chain import policy
from memesnipe.chain.decode import decode_message, read_transaction, version_is_allowed
from memesnipe.chain.decode_jupiter import LAYOUTS
from memesnipe.kernel.errors import Refused
from memesnipe.messages.signing import LookupTable
from memesnipe.testing import routes, swaps
from memesnipe.testing.builders import SOL, an_intent
from memesnipe.testing.mutants.corpus import taken_away
from memesnipe.testing.swaps import Parts, World

WORLD = World.make()
INTENT = an_intent()
TABLE = swaps.a_table()
PARTS = swaps.a_swap(INTENT, WORLD.wallet)
LIMITS = policy.Limits(priority_fee_lamports_max=SOL // 100, tip_lamports_max=SOL // 100)
TERMS = policy.terms_of(INTENT, wallet=WORLD.wallet, min_out=swaps.quoted(INTENT) * 97 // 100, limits=LIMITS)
EDITS = st.lists(st.tuples(st.integers(0, 1_231), st.integers(0, 255)), max_size=6)


def routed(route: str) -> Parts:
    """The order by another route."""
    data = routes.data_of(route, routes.numbers_of(INTENT))
    accounts = routes.accounts_of(route, INTENT, WORLD.wallet, swaps.TOKEN)
    return msgspec.structs.replace(PARTS, swap=routes.route_of(route, data, accounts, WORLD.wallet))


def as_v1() -> bytes:
    calls = [each for each in PARTS.instructions() if each.program_id != COMPUTE_BUDGET]
    config = TransactionConfig(priority_fee=swaps.PRIORITY_FEE, compute_unit_limit=swaps.UNITS)
    return bytes(to_bytes_versioned(MessageV1.try_compile(WORLD.wallet, calls, Hash.default(), config)))


HONEST = tuple(
    message
    for parts in map(routed, routes.ROLES)
    for message in (
        swaps.compiled(parts, WORLD.wallet),
        swaps.compiled_legacy(parts, WORLD.wallet),
        swaps.compiled(parts, WORLD.wallet, tables=(TABLE,)),
    )
)
V1 = as_v1()
TABLE_DATA = swaps.table_data(*swaps.POOL[:5])
DATAS = st.binary(max_size=200) | st.builds(lambda tail: (TABLE_DATA + tail)[: 56 + 32 * 6], st.binary(max_size=40))
ADDRESSES = st.lists(st.text(max_size=44), max_size=9).map(tuple)
TABLES = st.lists(st.builds(LookupTable, st.just(TABLE.key), DATAS | ADDRESSES), max_size=2).map(tuple)


def passes(message: bytes, tables: tuple[LookupTable, ...] = (TABLE,)) -> policy.Summary | None:
    try:
        return policy.check(message, tables, TERMS)
    except Refused:
        return None


def edited(honest: bytes, edits: list[tuple[int, int]], cut: int, tail: bytes) -> bytes:
    message = bytearray(honest)
    for place, value in edits:
        message[place % len(message)] = value
    return bytes(message[: len(message) - cut] if cut < 20 else message) + tail


def is_the_order(summary: policy.Summary) -> bool:
    return (
        summary.swap.in_amount == INTENT.size_lamports
        and summary.swap.enforced_out >= TERMS.out_min
        and summary.tip_lamports <= LIMITS.tip_lamports_max
        and summary.priority_fee_lamports <= LIMITS.priority_fee_lamports_max
    )


@given(st.binary(max_size=1_300), TABLES)
def test_random_bytes_are_only_ever_refused(raw: bytes, tables: tuple[LookupTable, ...]) -> None:
    assert passes(raw, tables) is None
    for read in (partial(decode_message, raw, tables), partial(read_transaction, raw)):
        with suppress(Refused):
            read()


@settings(max_examples=500)
@given(st.sampled_from(HONEST), EDITS, st.integers(0, 40), st.binary(max_size=4))
def test_an_edited_transaction_passes_only_if_it_is_still_the_order(
    honest: bytes, edits: list[tuple[int, int]], cut: int, tail: bytes
) -> None:
    summary = passes(edited(honest, edits, cut, tail))

    assert summary is None or is_the_order(summary)


@settings(max_examples=300)
@given(EDITS, st.integers(0, 40), st.binary(max_size=4))
def test_an_edited_v1_message_is_refused_by_version_and_its_reader_is_as_strict(
    edits: list[tuple[int, int]], cut: int, tail: bytes
) -> None:
    """Were v1 put on the allow-list, its reader must be as strict as the others."""
    message = edited(V1, edits, cut, tail)

    assert not message[:1] >= b"\x81" or passes(message) is None
    with taken_away(version_is_allowed):
        summary = passes(message)
    assert summary is None or is_the_order(summary)


@settings(max_examples=300)
@given(st.sampled_from(HONEST), st.sampled_from(HONEST), st.data())
def test_two_transactions_spliced_pass_only_if_they_are_still_the_order(one: bytes, other: bytes, data: st.DataObject) -> None:
    cut, join = data.draw(st.integers(0, len(one))), data.draw(st.integers(0, len(other)))

    summary = passes(one[:cut] + other[join:])

    assert summary is None or is_the_order(summary)


@settings(max_examples=300)
@given(st.sampled_from(HONEST), TABLES)
def test_any_table_leaves_the_order_what_it_is_or_is_refused(honest: bytes, tables: tuple[LookupTable, ...]) -> None:
    summary = passes(honest, tables)

    assert summary is None or is_the_order(summary)


@given(st.sampled_from(sorted(LAYOUTS)), st.binary(max_size=120), st.integers(0, 20))
def test_random_routes_are_only_ever_refused_or_the_order(discriminator: bytes, arguments: bytes, accounts: int) -> None:
    swap = swaps.a_route_v2(INTENT, WORLD.wallet)
    route = Instruction(swap.program_id, discriminator + arguments, swap.accounts[:accounts])

    parts = Parts(limit=None, price=None, create_wrapped=None, create_token=None, wrap=None, sync=None, swap=route, close=None, tip=None)

    summary = passes(swaps.compiled(parts, WORLD.wallet))

    assert summary is None or summary.swap.enforced_out >= TERMS.out_min


def test_the_honest_transactions_pass() -> None:
    assert all(passes(message) for message in HONEST)
