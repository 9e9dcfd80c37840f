"""When an attempt counts as dead, and what is done until then. A false "expired" buys twice."""

import asyncio
from typing import Any

import pytest
from solana.rpc.commitment import Commitment, Confirmed, Finalized
from solders.hash import Hash
from solders.keypair import Keypair
from solders.message import MessageV0
from solders.transaction import VersionedTransaction

from memesnipe.chain.clients.limits import Lane
from memesnipe.chain.clients.rpc import SolanaRpc
from memesnipe.chain.clients.rpc_types import Landed, SignatureStatus, TransactionMeta
from memesnipe.guard.expiry import Expiry
from memesnipe.guard.landing import HISTORY_LAG_BLOCKS, Landing
from memesnipe.kernel.errors import Unavailable
from memesnipe.messages.signing import EarlierSignature, SignedTransaction

KEY = Keypair.from_seed(bytes(32))
BYTES = bytes(VersionedTransaction(MessageV0.try_compile(KEY.pubkey(), [], [], Hash(bytes([7]) * 32)), [KEY]))
SIGNED = SignedTransaction("intent", 1, "5" * 88, BYTES, 150)
GONE = 150 + HISTORY_LAG_BLOCKS
"""A finalized height at which bytes that nobody knows never landed."""
LANDED = Landed(9, ("AA==", "base64"), TransactionMeta(None, 5_000, (), ()))
CONFIRMED = SignatureStatus(9, None, "confirmed")
PROCESSED = SignatureStatus(9, None, "processed")


class Chain(SolanaRpc):
    """An RPC host that answers by script; the last answer of each list holds for ever."""

    def __init__(self, *, heights: list[Any], statuses: list[Any], transactions: list[Any], valid: list[Any] | None = None) -> None:
        self._answers = {"height": heights, "status": statuses, "transaction": transactions, "valid": valid or [False]}
        self.asked: list[str] = []

    def _next(self, what: str) -> Any:
        self.asked.append(what)
        answers = self._answers[what]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def genesis(self) -> str:
        return "the chain"

    async def block_height(self, commitment: Commitment = Finalized, lane: Lane = Lane.NORMAL) -> int:
        assert commitment is Finalized
        return int(self._next("height"))

    async def blockhash_valid(self, blockhash: str, lane: Lane = Lane.NORMAL) -> bool:
        assert blockhash == str(Hash(bytes([7]) * 32))
        return bool(self._next("valid"))

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


def landing(chain: Chain, *roads: Road, check: Chain | None = None, commitment: Commitment = Confirmed) -> Landing:
    return Landing(chain, Expiry(chain, check), roads, commitment=commitment, poll_s=0.0, resend_s=0.0)


async def landed(chain: Chain, *roads: Road, commitment: Commitment = Confirmed) -> Landed | None:
    async with asyncio.timeout(60):
        return await landing(chain, *roads, commitment=commitment).land(SIGNED, Lane.NORMAL)


async def test_what_is_confirmed_is_returned_with_its_effects() -> None:
    road = Road()

    assert await landed(Chain(heights=[1], statuses=[None, CONFIRMED], transactions=[LANDED]), road) is LANDED

    assert road.sent == [BYTES]


async def test_the_same_bytes_are_sent_until_they_are_known() -> None:
    road = Road()

    await landed(Chain(heights=[1], statuses=[None, None, None, CONFIRMED], transactions=[LANDED]), road)

    assert road.sent == [BYTES] * 3


async def test_an_attempt_is_dead_past_its_finalized_height_when_history_does_not_know_it() -> None:
    assert await landed(Chain(heights=[GONE], statuses=[None], transactions=[None])) is None


async def test_at_its_last_valid_height_an_attempt_still_lives() -> None:
    road = Road()

    assert await landed(Chain(heights=[150], statuses=[None, CONFIRMED], transactions=[LANDED]), road) is LANDED

    assert road.sent


async def test_a_landing_in_the_last_valid_block_is_not_taken_for_expiry() -> None:
    chain = Chain(heights=[GONE], statuses=[None, CONFIRMED], transactions=[LANDED])

    assert await landed(chain) is LANDED


async def test_a_history_that_lags_behind_finality_is_waited_for() -> None:
    chain = Chain(heights=[151, 151, GONE - 1], statuses=[None, None, None, CONFIRMED], transactions=[None, LANDED])

    assert await landed(chain, road := Road()) is LANDED

    assert road.sent == []


async def test_one_node_that_lags_cannot_declare_an_attempt_dead() -> None:
    chain = Chain(heights=[GONE], statuses=[None, None, CONFIRMED], transactions=[None, LANDED])

    assert await landed(chain) is LANDED


async def test_a_transaction_that_history_has_without_a_status_is_not_dead() -> None:
    chain = Chain(heights=[GONE], statuses=[None, None, None, CONFIRMED], transactions=[LANDED])

    assert await landed(chain) is LANDED


async def test_nothing_is_sent_once_the_height_has_passed() -> None:
    road = Road()

    await landed(Chain(heights=[GONE], statuses=[None], transactions=[None]), road)

    assert road.sent == []


async def test_processed_is_neither_a_landing_nor_a_death() -> None:
    chain = Chain(heights=[GONE], statuses=[PROCESSED, PROCESSED, CONFIRMED], transactions=[LANDED])

    assert await landed(chain) is LANDED


async def test_what_is_in_a_block_already_is_not_sent_again() -> None:
    road = Road()

    await landed(Chain(heights=[1], statuses=[PROCESSED, PROCESSED, CONFIRMED], transactions=[LANDED]), road)

    assert road.sent == []


async def test_a_status_without_a_commitment_is_an_old_one_and_final() -> None:
    assert await landed(Chain(heights=[1], statuses=[SignatureStatus(9)], transactions=[LANDED]), commitment=Finalized) is LANDED


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

    assert good.sent == [BYTES]


async def test_a_signature_without_bytes_is_watched_and_never_sent() -> None:
    road, chain = Road(), Chain(heights=[1], statuses=[None, None, CONFIRMED], transactions=[LANDED])
    earlier = EarlierSignature("intent", 1, "5" * 88, 150)

    async with asyncio.timeout(60):
        found = await landing(chain, road).land(earlier, Lane.NORMAL)

    assert found is LANDED
    assert road.sent == []


async def test_a_signature_without_bytes_is_dead_only_past_its_own_height() -> None:
    chain = Chain(heights=[150, GONE], statuses=[None], transactions=[None])

    async with asyncio.timeout(60):
        found = await landing(chain, Road()).land(EarlierSignature("intent", 1, "5" * 88, 150), Lane.NORMAL)

    assert found is None
    assert chain.asked.count("height") == 3  # alive; past its end; long enough past it


async def test_a_height_that_the_blockhash_contradicts_is_not_believed() -> None:
    """A node whose height is wrong, far ahead: the bytes it calls dead can still land, and the next attempt would buy twice."""
    road = Road()

    assert await landed(Chain(heights=[10_151], statuses=[None, None, CONFIRMED], transactions=[LANDED], valid=[True]), road) is LANDED

    assert road.sent


class Slow(Road):
    """A way into a block that answers never."""

    async def send(self, transaction: bytes, lane: Lane = Lane.NORMAL) -> None:
        self.sent.append(transaction)
        await asyncio.Event().wait()


class Spent(Road):
    """A way into a block with a defect of ours in it."""

    async def send(self, transaction: bytes, lane: Lane = Lane.NORMAL) -> None:
        raise ZeroDivisionError


def chain(**changes: list[Any]) -> Chain:
    """A chain on which the signature is known at the third look."""
    scripts: dict[str, list[Any]] = {"heights": [1], "statuses": [None, None, CONFIRMED], "transactions": [LANDED]}
    return Chain(**(scripts | changes))


async def test_a_road_that_hangs_neither_stops_the_others_nor_gets_the_bytes_twice() -> None:
    slow, good = Slow(), Road()

    assert await landed(chain(), slow, good) is LANDED

    assert (len(slow.sent), len(good.sent)) == (1, 2)


async def test_what_hangs_is_let_go_at_the_end() -> None:
    await landed(chain(), Slow())
    await asyncio.sleep(0)  # what was cancelled ends

    assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []


async def test_a_defect_in_a_road_ends_the_order_s_task_and_is_not_taken_for_a_failed_send() -> None:
    with pytest.raises(ZeroDivisionError):
        await landed(chain(), Spent())


@pytest.mark.parametrize(("what", "sends"), [("height", 3), ("status", 5)])
async def test_a_host_that_cannot_be_read_does_not_stop_the_sending(what: str, sends: int) -> None:
    road = Road()
    scripts: dict[str, list[Any]] = {"heights": [1], "statuses": [None, None, None, CONFIRMED]}
    scripts["heights" if what == "height" else "statuses"][:0] = [Unavailable("rpc")] * 2

    assert await landed(chain(**scripts), road) is LANDED

    assert len(road.sent) == sends


async def test_bytes_that_surely_live_go_out_before_anything_is_asked() -> None:
    host, road = chain(), Road()
    expiry = Expiry(host)
    await expiry.floor(Lane.NORMAL)
    host.asked.clear()

    class First(Road):
        async def send(self, transaction: bytes, lane: Lane = Lane.NORMAL) -> None:
            host.asked.append("send")

    async with asyncio.timeout(60):
        await Landing(host, expiry, [First(), road], poll_s=0.0, resend_s=0.0).land(SIGNED, Lane.NORMAL)

    assert host.asked[0] == "send"


DEAD: dict[str, list[Any]] = {"heights": [GONE], "statuses": [None], "transactions": [None]}
ALIVE: list[dict[str, list[Any]]] = [
    {"heights": [150, 150, GONE]},
    {"statuses": [CONFIRMED, CONFIRMED, None]},
    {"valid": [True, True, False]},
    {"valid": [Unavailable("check"), False]},
    {"transactions": [LANDED, LANDED, None]},
    {"heights": [Unavailable("check"), Unavailable("check"), GONE]},
    {"statuses": [Unavailable("check"), None]},
    {"transactions": [Unavailable("check"), None]},
]


@pytest.mark.parametrize("said", ALIVE)
async def test_an_attempt_is_dead_only_when_the_second_host_says_so_as_well(said: dict[str, list[Any]]) -> None:
    one, other = Chain(**DEAD), Chain(**(DEAD | said))

    async with asyncio.timeout(60):
        found = await landing(one, Road(), check=other).land(SIGNED, Lane.NORMAL)

    assert found is None
    assert one.asked.count("height") >= 2  # the first round did not suffice


async def test_a_second_host_cannot_make_an_attempt_dead_alone() -> None:
    one, other = chain(heights=[150]), Chain(**DEAD)

    async with asyncio.timeout(60):
        assert await landing(one, Road(), check=other).land(SIGNED, Lane.NORMAL) is LANDED


class Told:
    """Says of each transaction what became of its bundle."""

    def __init__(self, answer: str | Exception) -> None:
        self.answer, self.asked = answer, list[bytes]()

    async def told(self, transaction: bytes) -> str:
        self.asked.append(transaction)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.mark.parametrize("answer", ["vanished", "Landed in 7, confirmed", Unavailable("jito")])
async def test_what_is_said_of_a_bundle_decides_nothing(answer: str | Exception) -> None:
    host, teller = Chain(**DEAD), Told(answer)

    async with asyncio.timeout(60):
        found = await Landing(host, Expiry(host), [Road()], teller=teller, poll_s=0.0, resend_s=0.0).land(SIGNED, Lane.NORMAL)

    assert found is None
    assert teller.asked == [SIGNED.transaction]
