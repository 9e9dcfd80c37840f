"""An upgrade with an attempt in flight: what the release before wrote can still be read, and what was signed is known again."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import msgspec
import pytest

from memesnipe.guard.attempts import Attempts
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages import codec
from memesnipe.messages.signing import LookupTable, SwapTransaction
from memesnipe.signer import checks
from memesnipe.signer.store import Store
from memesnipe.testing import swaps
from memesnipe.testing.builders import a_sale, an_exit, an_intent
from memesnipe.testing.mutants.corpus import taken_away
from memesnipe.testing.mutants.proof import Bench
from memesnipe.testing.swaps import NOW_NS, POOL, World

OLD_TABLE = LookupTable(swaps.a_table().key, tuple(str(key) for key in POOL))


@pytest.fixture(scope="module")
def world() -> World:
    return World.make()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(tmp_path / "signer.db")
    yield opened
    opened.close()


def as_written_before(request: SwapTransaction) -> bytes:
    """The row of the release before: no field for the mint, tables as addresses."""
    values: list[Any] = ["swap_transaction", *msgspec.to_builtins(request, builtin_types=(bytes,))[1:-1]]
    return msgspec.msgpack.encode(values)


def older(world: World, *, buys: bool = True) -> SwapTransaction:
    """A request of the release before, its guard's approval made anew by this one."""
    intent = an_intent() if buys else an_exit()
    message = swaps.compiled(swaps.a_swap(intent, world.wallet), world.wallet, tables=(swaps.a_table(),))
    return world.a_request(intent, message=message, tables=(OLD_TABLE,), mint=None)


def test_an_attempt_of_the_release_before_can_be_read(world: World, tmp_path: Path) -> None:
    request = older(world)
    attempts = Attempts(tmp_path / "guard.db")
    attempts.begin(request, 1, NOW_NS)
    attempts._db.execute("UPDATE attempts SET request = ?", (as_written_before(request),))

    last = attempts.last(request.intent.id)

    assert last is not None
    assert (last.request.tables, last.request.mint) == ((OLD_TABLE,), None)
    assert codec.encode(last.request.tables) == codec.encode(request.tables)


@pytest.mark.parametrize("buys", [True, False])
def test_a_request_of_the_release_before_is_not_signed_anew(world: World, store: Store, buys: bool) -> None:
    reason = ReasonCode.TOKEN_MINT if buys else ReasonCode.TX_LOOKUP_TABLE

    assert Bench(world, store).answer(older(world, buys=buys)) == reason.value


@pytest.mark.parametrize("buys", [True, False])
def test_a_request_of_the_release_before_that_was_signed_gets_its_bytes_again(world: World, store: Store, buys: bool) -> None:
    request, bench = older(world, buys=buys), Bench(world, store)
    with as_it_was_signed_then():
        bench.answer(request)

    assert bench.answer(request) == "signed"
    assert store.lines == 1


@contextmanager
def as_it_was_signed_then() -> Iterator[None]:
    """The rules of the release before: tables were addresses, and no mint was asked for."""
    addresses = b"".join(map(bytes, POOL))
    with taken_away(checks.bought_mint_is_shown), patch("memesnipe.chain.decode_tables._raw_addresses_in", lambda _: addresses):
        yield


def test_only_a_buy_needs_its_mint(world: World, store: Store) -> None:
    bench = Bench(world, store)

    answers = [bench.answer(world.a_request(intent, mint=None)) for intent in (an_exit(), a_sale(), an_intent())]

    assert answers == ["signed", "signed", ReasonCode.TOKEN_MINT.value]
