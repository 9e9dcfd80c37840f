"""A held token that turns against its holders is noticed, seen twice, and sold; silence and harmless changes sell nothing."""

import base64
from collections.abc import Sequence

import pytest
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from memesnipe.chain.clients.limits import Lane
from memesnipe.chain.clients.rpc import SolanaRpc
from memesnipe.chain.clients.rpc_types import Account, LargestAccount
from memesnipe.chain.token_rules import mint_facts
from memesnipe.kernel.errors import Refused, Unavailable
from memesnipe.kernel.reasons import ReasonCode
from memesnipe.messages.control import ExitLimits
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


WHALE, POOL, US = (
    str(Keypair().pubkey()),
    str(Pubkey.find_program_address([b"pool"], Pubkey.from_string(TOKEN))[0]),
    str(Keypair().pubkey()),
)
LIMITS = ExitLimits(supply_rise_bps=100, holder_rise_bps=1_500)


def share(percent: int) -> int:
    return mints.SUPPLY_UNITS * percent // 100


def who(**percents: int) -> dict[str, int]:
    names = {"whale": WHALE, "pool": POOL, "us": US}
    return {names[name]: share(percent) for name, percent in percents.items()}


class Chain(Node):
    """Tells who holds the most too."""

    def __init__(self, held: dict[str, int]) -> None:
        super().__init__(mint())
        self.held, self.tells = held, True

    async def largest_accounts(self, mint: str, lane: Lane = Lane.NORMAL) -> tuple[LargestAccount, ...]:
        if not self.tells:
            raise Refused(ReasonCode.CHAIN_FAILED, "no such method")
        return tuple(LargestAccount(owner, str(units)) for owner, units in self.held.items())

    async def accounts(self, keys: Sequence[str], lane: Lane = Lane.NORMAL) -> tuple[Account | None, ...]:
        if list(keys) == [MINT]:
            return await super().accounts(keys, lane)
        data = [bytes(32) + bytes(Pubkey.from_string(owner)) + bytes(101) for owner in keys]
        return tuple(Account(1, TOKEN, (base64.b64encode(one).decode(), "base64")) for one in data)


async def looked(node: Chain, *held: dict[str, int]) -> dict[str, str]:
    watch = TokenWatch(node, lambda: [MINT], lambda: LIMITS, [US])
    for one in held:
        node.held = one
        await watch.look()
    return watch.worse


@pytest.mark.parametrize(
    ("first", "then", "bad"),
    [
        (who(whale=5, pool=80), who(whale=20, pool=65), False),
        (who(whale=5, pool=80), who(whale=21, pool=64), True),
        (who(pool=80), who(whale=80), True),
        (who(whale=40, pool=40), who(whale=40, pool=60), False),
        (who(pool=40), who(pool=90), False),
        (who(us=1, pool=80), who(us=30, pool=60), False),
    ],
)
async def test_a_person_who_gathers_the_supply_is_told_and_pools_and_we_are_none(
    first: dict[str, int], then: dict[str, int], bad: bool
) -> None:
    node = Chain({})

    once, twice = await looked(node, first, then), await looked(node, first, then, then)

    assert (once, list(twice)) == ({}, [MINT] * bad)


@pytest.mark.parametrize(("percent", "bad"), [(50, False), (101, False), (102, True)])
async def test_supply_that_grew_is_told_and_what_was_burnt_is_not(percent: int, bad: bool) -> None:
    node = Chain({})
    watch = TokenWatch(node, lambda: [MINT], lambda: LIMITS)
    await watch.look()
    node.data = mint(supply=share(percent))

    await watch.look()
    await watch.look()

    assert bool(watch.worse) is bad


async def test_a_host_that_does_not_know_holders_still_tells_of_the_mint() -> None:
    node = Chain({})
    node.tells = False
    watch = TokenWatch(node, lambda: [MINT], lambda: LIMITS)
    await watch.look()
    node.data = mint(minter=SOMEBODY)

    await watch.look()
    await watch.look()

    assert list(watch.worse) == [MINT]
