"""Whatever bytes come, decoding and policy raise Refused and nothing else; and nothing but the exact order passes."""

from contextlib import suppress
from functools import partial

from hypothesis import given, settings
from hypothesis import strategies as st
from solders.instruction import Instruction

from memesnipe.chain import policy
from memesnipe.chain.decode import decode_message, read_transaction
from memesnipe.chain.decode_jupiter import LAYOUTS
from memesnipe.kernel.errors import Refused
from memesnipe.messages.signing import LookupTable
from memesnipe.testing import swaps
from memesnipe.testing.builders import SOL, an_intent
from memesnipe.testing.swaps import Parts, World

WORLD = World.make()
INTENT = an_intent()
TABLE = swaps.a_table()
PARTS = swaps.a_swap(INTENT, WORLD.wallet)
HONEST = (
    swaps.compiled(PARTS, WORLD.wallet),
    swaps.compiled_legacy(PARTS, WORLD.wallet),
    swaps.compiled(PARTS, WORLD.wallet, tables=(TABLE,)),
)
LIMITS = policy.Limits(priority_fee_lamports_max=SOL // 100, tip_lamports_max=SOL // 100)
TERMS = policy.terms_of(INTENT, wallet=WORLD.wallet, min_out=swaps.quoted(INTENT) * 97 // 100, limits=LIMITS)
EDITS = st.lists(st.tuples(st.integers(0, 1_231), st.integers(0, 255)), max_size=6)
TABLES = st.lists(st.builds(LookupTable, st.just(TABLE.key), st.lists(st.text(max_size=44), max_size=9).map(tuple)), max_size=2).map(tuple)


def passes(message: bytes, tables: tuple[LookupTable, ...] = (TABLE,)) -> policy.Summary | None:
    try:
        return policy.check(message, tables, TERMS)
    except Refused:
        return None


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
    message = bytearray(honest)
    for place, value in edits:
        message[place % len(message)] = value
    edited = bytes(message[: len(message) - cut] if cut < 20 else message) + tail

    summary = passes(edited)

    if summary is not None:
        assert summary.swap.in_amount == INTENT.size_lamports
        assert summary.swap.enforced_out >= TERMS.out_min
        assert summary.tip_lamports <= LIMITS.tip_lamports_max
        assert summary.priority_fee_lamports <= LIMITS.priority_fee_lamports_max


@given(st.sampled_from(sorted(LAYOUTS)), st.binary(max_size=120), st.integers(0, 20))
def test_random_routes_are_only_ever_refused_or_the_order(discriminator: bytes, arguments: bytes, accounts: int) -> None:
    swap = swaps.a_route_v2(INTENT, WORLD.wallet)
    route = Instruction(swap.program_id, discriminator + arguments, swap.accounts[:accounts])

    parts = Parts(limit=None, price=None, create_wrapped=None, create_token=None, wrap=None, sync=None, swap=route, close=None, tip=None)

    summary = passes(swaps.compiled(parts, WORLD.wallet))

    assert summary is None or summary.swap.enforced_out >= TERMS.out_min


def test_the_honest_transactions_pass() -> None:
    assert all(passes(message) for message in HONEST)
