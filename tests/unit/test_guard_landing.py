"""When an attempt counts as dead, and what is done until then. A false "expired" buys twice."""

import asyncio
from typing import Any

import pytest
from solana.rpc.commitment import Commitment, Confirmed, Finalized

from memesnipe.chain.clients.limits import Lane
from memesnipe.chain.clients.rpc import SolanaRpc
from memesnipe.chain.clients.rpc_types import Landed, SignatureStatus, TransactionMeta
from memesnipe.guard.landing import Landing
from memesnipe.kernel.errors import Unavailable
from memesnipe.messages.signing import EarlierSignature, SignedTransaction

SIGNED = SignedTransaction("intent", 1, "5" * 88, b"the bytes", 150)
LANDED = Landed(9, ("AA==", "base64"), TransactionMeta(None, 5_000, (), ()))
CONFIRMED = SignatureStatus(9, None, "confirmed")
PROCESSED = SignatureStatus(9, None, "processed")


class Chain(SolanaRpc):
    """An RPC host that answers by script; the last answer of each list holds for ever."""

    def __init__(self, *, heights: list[Any], statuses: list[Any], transactions: list[Any]) -> None:
        self._answers = {"height": heights, "status": statuses, "transaction": transactions}
        self.asked: list[str] = []

    def _next(self, what: str) -> Any:
        self.asked.append(what)
        answers = self._answers[what]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def block_height(self, commitment: Commitment = Finalized, lane: Lane = Lane.NORMAL) -> int:
        assert commitment is Finalized
        return int(self._next("height"))

    async def statuses(self, signatures: Any, lane: Lane = Lane.NORMAL) -> tuple[SignatureStatus | None, ...]:
        return (self._next("status"),)

    async def transaction(self, signature: str, commitment: Commitment = Confirmed, lane: Lane = Lane.NORMAL) -> Landed | None:
        found: Landed | None = self._next("transaction")
        return found


class Road:
    """A way into a block that counts what it was given."""

    def __init__(self, answer: Exception | None = None) -> None:
        self.sent: list[bytes] = []
        self._answer = answer

    async def send(self, transaction: bytes, lane: Lane = Lane.NORMAL) -> None:
        self.sent.append(transaction)
        if self._answer is not None:
            raise self._answer


async def landed(chain: Chain, *roads: Road, commitment: Commitment = Confirmed) -> Landed | None:
    async with asyncio.timeout(5):
        return await Landing(chain, roads, commitment=commitment, poll_s=0.0, resend_s=0.0).land(SIGNED, Lane.NORMAL)


async def test_what_is_confirmed_is_returned_with_its_effects() -> None:
    road = Road()

    assert await landed(Chain(heights=[1], statuses=[None, CONFIRMED], transactions=[LANDED]), road) is LANDED

    assert road.sent == [b"the bytes"]


async def test_the_same_bytes_are_sent_until_they_are_known() -> None:
    road = Road()

    await landed(Chain(heights=[1], statuses=[None, None, None, CONFIRMED], transactions=[LANDED]), road)

    assert road.sent == [b"the bytes"] * 3


async def test_an_attempt_is_dead_past_its_finalized_height_when_history_does_not_know_it() -> None:
    assert await landed(Chain(heights=[151], statuses=[None], transactions=[None])) is None


async def test_at_its_last_valid_height_an_attempt_still_lives() -> None:
    road = Road()

    assert await landed(Chain(heights=[150], statuses=[None, CONFIRMED], transactions=[LANDED]), road) is LANDED

    assert road.sent


async def test_a_landing_in_the_last_valid_block_is_not_taken_for_expiry() -> None:
    chain = Chain(heights=[151], statuses=[None, CONFIRMED], transactions=[LANDED])

    assert await landed(chain) is LANDED


async def test_one_node_that_lags_cannot_declare_an_attempt_dead() -> None:
    chain = Chain(heights=[151], statuses=[None, None, CONFIRMED], transactions=[LANDED])

    assert await landed(chain) is LANDED


async def test_a_transaction_that_history_has_without_a_status_is_not_dead() -> None:
    chain = Chain(heights=[151], statuses=[None, None, None, CONFIRMED], transactions=[LANDED])

    assert await landed(chain) is LANDED


async def test_nothing_is_sent_once_the_height_has_passed() -> None:
    road = Road()

    await landed(Chain(heights=[151], statuses=[None], transactions=[None]), road)

    assert road.sent == []


async def test_processed_is_neither_a_landing_nor_a_death() -> None:
    chain = Chain(heights=[151], statuses=[PROCESSED, PROCESSED, CONFIRMED], transactions=[LANDED])

    assert await landed(chain) is LANDED


async def test_a_finalized_fill_waits_beyond_confirmed() -> None:
    finalized = SignatureStatus(9, None, "finalized")
    chain = Chain(heights=[1], statuses=[CONFIRMED, CONFIRMED, finalized], transactions=[LANDED])

    assert await landed(chain, commitment=Finalized) is LANDED

    assert chain.asked.count("status") == 3


@pytest.mark.parametrize("what", ["height", "status", "transaction"])
async def test_a_host_that_does_not_answer_proves_nothing(what: str) -> None:
    scripts: dict[str, list[Any]] = {"height": [1], "status": [None, CONFIRMED], "transaction": [LANDED]}
    scripts[what] = [Unavailable("rpc"), *scripts[what]]
    chain = Chain(heights=scripts["height"], statuses=scripts["status"], transactions=scripts["transaction"])

    assert await landed(chain, Road()) is LANDED


async def test_a_road_that_fails_does_not_close_the_others() -> None:
    broken, good = Road(Unavailable("jito")), Road()

    await landed(Chain(heights=[1], statuses=[None, CONFIRMED], transactions=[LANDED]), broken, good)

    assert good.sent == [b"the bytes"]


async def test_a_signature_without_bytes_is_watched_and_never_sent() -> None:
    road, chain = Road(), Chain(heights=[1], statuses=[None, None, CONFIRMED], transactions=[LANDED])
    earlier = EarlierSignature("intent", 1, "5" * 88, 150)

    async with asyncio.timeout(5):
        found = await Landing(chain, [road], poll_s=0.0, resend_s=0.0).land(earlier, Lane.NORMAL)

    assert found is LANDED
    assert road.sent == []


async def test_a_signature_without_bytes_is_dead_only_past_its_own_height() -> None:
    chain = Chain(heights=[150, 151], statuses=[None], transactions=[None])

    async with asyncio.timeout(5):
        found = await Landing(chain, [Road()], poll_s=0.0, resend_s=0.0).land(EarlierSignature("intent", 1, "5" * 88, 150), Lane.NORMAL)

    assert found is None
    assert chain.asked.count("height") == 2
