"""A held token that turns against its holders is noticed, seen twice, and sold; silence and harmless changes sell nothing."""

import base64
from collections.abc import Sequence

import pytest
from solders.pubkey import Pubkey

from memesnipe.chain.clients.limits import Lane
from memesnipe.chain.clients.rpc import SolanaRpc
from memesnipe.chain.clients.rpc_types import Account
from memesnipe.chain.token_rules import mint_facts
from memesnipe.kernel.errors import Unavailable
from memesnipe.positions.token_watch import TokenWatch, worse
from memesnipe.testing import mints
from memesnipe.testing.builders import MINT, OTHER_MINT
from memesnipe.testing.mints import SOMEBODY, TOKEN, TOKEN_2022, fee, metadata, mint, pointer

KEY, NOBODY = bytes(SOMEBODY), bytes(32)
OTHER = bytes(Pubkey.from_string(OTHER_MINT))


class Node(SolanaRpc):
    """Tells one mint's account, or does not answer."""

    def __init__(self, data: bytes | None, owner: str = TOKEN_2022) -> None:
        self.data, self.owner, self.answers = data, owner, True

    async def accounts(self, keys: Sequence[str], lane: Lane = Lane.NORMAL) -> tuple[Account | None, ...]:
        if not self.answers:
            raise Unavailable("rpc", "gone")
        if self.data is None:
            return tuple(None for _ in keys)
        return tuple(Account(1, self.owner, (base64.b64encode(self.data).decode(), "base64")) for _ in keys)


def changed(first: bytes, now: bytes, program: str = TOKEN_2022) -> str:
    return worse(mint_facts(TOKEN_2022, first), mint_facts(program, now))


@pytest.mark.parametrize(
    ("first", "now"),
    [
        (mint(), mint()),
        (mint(), mint(supply=5)),
        (mint(minter=SOMEBODY, freezer=SOMEBODY), mint()),
        (mint(minter=SOMEBODY), mint(minter=SOMEBODY)),
        (mint(metadata()), mint(metadata(OTHER))),
        (mint(), mint(pointer(), metadata())),
        (mint(fee(100, 100)), mint(fee(100, 50))),
        (mint((mints.HOOK, KEY + KEY)), mint((mints.HOOK, NOBODY + NOBODY))),
        (mint((mints.DELEGATE, KEY)), mint((mints.DELEGATE, NOBODY))),
    ],
)
def test_a_change_that_takes_nothing_from_a_holder_is_none(first: bytes, now: bytes) -> None:
    assert changed(first, now) == ""


@pytest.mark.parametrize(
    ("first", "now"),
    [
        (mint(), mint(decimals=9)),
        (mint(), mint(minter=SOMEBODY)),
        (mint(freezer=SOMEBODY), mint(freezer=Pubkey.from_string(OTHER_MINT))),
        (mint(fee(0, 0)), mint(fee(0, 1))),
        (mint((mints.HOOK, KEY + KEY)), mint((mints.HOOK, KEY + OTHER))),
        (mint((mints.HOOK, NOBODY + NOBODY)), mint((mints.HOOK, NOBODY + KEY))),
        (mint((mints.DEFAULT_STATE, b"\x01")), mint((mints.DEFAULT_STATE, b"\x02"))),
        (mint((mints.PAUSABLE, KEY + b"\0")), mint((mints.PAUSABLE, KEY + b"\1"))),
        (mint(), mint((mints.DELEGATE, KEY))),
        (mint(), mint((mints.NON_TRANSFERABLE, b""))),
    ],
)
def test_a_change_by_which_a_holder_loses_is_told(first: bytes, now: bytes) -> None:
    assert changed(first, now)


def test_another_program_at_the_same_address_is_another_token() -> None:
    assert changed(mint(), mint(), TOKEN)


@pytest.mark.parametrize("now", [mint(freezer=SOMEBODY), None, b"something else"])
async def test_a_change_is_believed_when_it_is_seen_twice(now: bytes | None) -> None:
    node = Node(mint())
    watch = TokenWatch(node, lambda: [MINT])
    await watch.look()
    node.data = now

    await watch.look()
    once = dict(watch.worse)
    await watch.look()

    assert once == {}
    assert list(watch.worse) == [MINT]


async def test_a_false_answer_once_sells_nothing() -> None:
    node = Node(mint())
    watch = TokenWatch(node, lambda: [MINT])
    for data in (mint(), None, mint(), None, mint()):
        node.data = data
        await watch.look()

    assert watch.worse == {}


async def test_a_host_that_does_not_answer_says_nothing_of_the_token() -> None:
    node = Node(mint())
    watch = TokenWatch(node, lambda: [MINT])
    await watch.look()
    node.answers = False

    for _ in range(3):
        with pytest.raises(Unavailable):
            await watch.look()

    assert watch.worse == {}


async def test_a_token_that_is_sold_is_forgotten() -> None:
    node, held = Node(mint()), [MINT]
    watch = TokenWatch(node, lambda: held)
    await watch.look()
    node.data = mint(freezer=SOMEBODY)
    await watch.look()
    await watch.look()
    held.clear()

    await watch.look()

    assert watch.worse == {}
