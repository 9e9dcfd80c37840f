"""How long a blockhash is believed to live. A life that is told too short makes a live attempt look dead, and the next one buys twice."""

import asyncio
from collections.abc import Sequence

import pytest
from solana.rpc.commitment import Commitment, Confirmed, Finalized
from solders.hash import Hash

from memesnipe.chain.clients.limits import Lane
from memesnipe.chain.clients.rpc import SolanaRpc
from memesnipe.chain.clients.rpc_types import Blockhash, SignatureStatus
from memesnipe.guard import expiry
from memesnipe.guard.expiry import FRESH_LEFT_BLOCKS, SEEN_S_MAX, SLACK_BLOCKS, Expiry
from memesnipe.kernel.errors import BadInput, Unavailable
from memesnipe.testing.builders import GENESIS

FLOOR = 1_000
OTHER_GENESIS = str(Hash(bytes([9]) * 32))


class Node(SolanaRpc):
    """An RPC host that says one height and one last valid height, or nothing."""

    def __init__(self, height: int | Exception, last_valid: int = FLOOR + 182, chain: str = GENESIS) -> None:
        self.height, self.last_valid, self.chain = height, last_valid, chain

    async def genesis(self) -> str:
        return self.chain

    async def block_height(self, commitment: Commitment = Finalized, lane: Lane = Lane.NORMAL) -> int:
        assert commitment is Finalized
        if isinstance(self.height, Exception):
            raise self.height
        return self.height

    async def latest_blockhash(self, commitment: Commitment = Confirmed, lane: Lane = Lane.NORMAL) -> Blockhash:
        return Blockhash(GENESIS, self.last_valid)


async def believed(node: Node, check: Node | None = None, lane: Lane = Lane.NORMAL) -> int:
    one = Expiry(node, check)
    return (await one.blockhash(await one.floor(lane), lane)).last_valid_block_height


@pytest.mark.parametrize("last_valid", [FLOOR + 150, FLOOR + 182, FLOOR + 150 + SLACK_BLOCKS])
async def test_a_life_as_the_chain_gives_it_is_believed(last_valid: int) -> None:
    assert await believed(Node(FLOOR, last_valid)) == last_valid


@pytest.mark.parametrize("last_valid", [0, 1, FLOOR, FLOOR + 149])
async def test_a_life_that_is_told_too_short_is_refused(last_valid: int) -> None:
    with pytest.raises(BadInput, match="lies or lags"):
        await believed(Node(FLOOR, last_valid))


@pytest.mark.parametrize("last_valid", [FLOOR + 151 + SLACK_BLOCKS, 2**53])
async def test_a_life_that_is_told_too_long_is_refused(last_valid: int) -> None:
    """An order would wait for ever for bytes that died long ago."""
    with pytest.raises(BadInput, match="lies or lags"):
        await believed(Node(FLOOR, last_valid))


async def test_a_node_that_lies_about_all_its_heights_is_caught_by_the_second_host() -> None:
    liar = Node(FLOOR - 500, FLOOR - 500 + 182)

    with pytest.raises(BadInput):
        await believed(liar, Node(FLOOR))


async def test_without_the_second_host_s_word_no_new_risk_is_built() -> None:
    with pytest.raises(Unavailable):
        await believed(Node(FLOOR), Node(Unavailable("check")))


async def test_a_second_host_of_another_chain_is_no_second_opinion() -> None:
    """It would agree to every death: its height is another, and it knows no signature of ours."""
    stranger = Node(10**6, chain=OTHER_GENESIS)

    with pytest.raises(BadInput, match="MEMESNIPE_RPC_CHECK_URL"):
        await believed(Node(FLOOR), stranger)
    with pytest.raises(BadInput, match="MEMESNIPE_RPC_CHECK_URL"):
        await Expiry(Node(FLOOR), stranger).passed(1, "", Lane.EXIT)


async def test_an_exit_does_not_wait_for_the_second_host() -> None:
    assert await believed(Node(FLOOR), Node(Unavailable("check")), Lane.EXIT) == FLOOR + 182


async def test_an_exit_does_not_wait_long_for_a_second_host_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    class Hanging(Node):
        async def block_height(self, commitment: Commitment = Finalized, lane: Lane = Lane.NORMAL) -> int:
            await asyncio.Event().wait()
            raise AssertionError

    monkeypatch.setattr(expiry, "EXIT_WAIT_S", 0.01)

    async with asyncio.timeout(60):
        assert await believed(Node(FLOOR), Hanging(FLOOR), Lane.EXIT) == FLOOR + 182


async def test_an_exit_does_wait_for_the_first() -> None:
    with pytest.raises(Unavailable):
        await believed(Node(Unavailable("rpc")), Node(FLOOR), Lane.EXIT)


@pytest.mark.parametrize(("left", "age_s", "lives"), [(0, 0.0, True), (-1, 0.0, False), (0, SEEN_S_MAX, False)])
async def test_bytes_surely_live_only_by_what_was_seen_lately(left: int, age_s: float, lives: bool) -> None:
    now = [50.0]
    seen = Expiry(Node(FLOOR), now_s=lambda: now[0])
    await seen.floor(Lane.NORMAL)

    now[0] += age_s

    assert seen.surely_lives(FLOOR + FRESH_LEFT_BLOCKS + left) is lives


async def test_nothing_surely_lives_before_anything_was_seen() -> None:
    """A guard that starts with an attempt of its predecessor's must look before it sends."""
    assert not Expiry(Node(FLOOR)).surely_lives(2**53)


@pytest.mark.parametrize(("first", "second", "dead"), [(201, 201, True), (200, 201, False), (201, 200, False), (201, 10**6, True)])
async def test_a_height_has_passed_only_when_every_host_is_past_it(first: int, second: int, dead: bool) -> None:
    both = Expiry(Node(first), Node(second))

    assert await both.passed(200, "", Lane.NORMAL) is dead


async def test_a_floor_that_became_old_while_the_quote_was_made_is_read_again() -> None:
    class Moving(Node):
        async def block_height(self, commitment: Commitment = Finalized, lane: Lane = Lane.NORMAL) -> int:
            height, self.height = await super().block_height(commitment, lane), FLOOR + 400
            return height

    assert await believed(Moving(FLOOR, FLOOR + 400 + 182)) == FLOOR + 582


async def test_the_life_that_is_left_is_told_by_the_host_that_is_furthest_behind() -> None:
    assert await Expiry(Node(FLOOR + 5), Node(FLOOR)).left(FLOOR + 150, Lane.NORMAL) == 150
    assert await Expiry(Node(FLOOR), Node(FLOOR + 5)).left(FLOOR + 150, Lane.NORMAL) == 150


async def test_a_signature_with_a_status_is_not_forgotten_though_history_lags() -> None:
    class Lagging(Node):
        async def statuses(self, signatures: Sequence[str], lane: Lane = Lane.NORMAL) -> tuple[SignatureStatus | None, ...]:
            return (SignatureStatus(9, None, "finalized"),)

        async def transaction(self, signature: str, commitment: Commitment = Confirmed, lane: Lane = Lane.NORMAL) -> None:
            return None

    assert not await Expiry(Lagging(FLOOR)).forgotten("5" * 88, Lane.NORMAL)
