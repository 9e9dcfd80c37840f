"""A live order through any chain, signer and crash: one attempt landable at a time, one end, and it is what the chain says.

The real `Live`, `Landing`, `Expiry`, `guard.db` and `Signer`; around them a chain of a few lines that takes, fails, forgets or is
silent, by a plan that the machine draws. Each read and each wait takes one step of the plan, and with its last step the process is
dead: so a kill comes between any two of them, and at every fail-point. Then all is opened again, sometimes without guard.db.
"""

import asyncio
import base64
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from solana.rpc.commitment import Commitment, Confirmed, Finalized
from solders.hash import Hash
from solders.keypair import Keypair
from solders.message import from_bytes_versioned
from solders.signature import Signature

from memesnipe.approvals import approve
from memesnipe.approvals.keys import SigningKey
from memesnipe.bus.folds import Halts
from memesnipe.chain.build import Built
from memesnipe.chain.clients.limits import Lane
from memesnipe.chain.clients.rpc import SolanaRpc
from memesnipe.chain.clients.rpc_types import Landed, SignatureStatus, TransactionMeta
from memesnipe.guard import hosts as guard_hosts
from memesnipe.guard import landing, live
from memesnipe.guard.attempts import Attempts
from memesnipe.guard.expiry import Expiry
from memesnipe.guard.signer_client import AlreadySigned
from memesnipe.guard.standing import standing_of
from memesnipe.guard.venue import Ready
from memesnipe.kernel.clock import NS_PER_S
from memesnipe.kernel.errors import Unavailable
from memesnipe.messages.bounds import Mode
from memesnipe.messages.orders import ApprovedOrder, Fill, Intent, Outcome
from memesnipe.messages.signing import EarlierSignature, SignedTransaction, SwapTransaction
from memesnipe.signer import store as stores
from memesnipe.signer.case import Replayed
from memesnipe.signer.service import rails_of
from memesnipe.signer.settings import SignerSettings
from memesnipe.signer.signing import Signer
from memesnipe.signer.store import Store
from memesnipe.signer.wallet import Wallet
from memesnipe.testing import swaps
from memesnipe.testing.builders import GENESIS, POLICY_HASH, SOL, a_config, a_sale, a_strategy, an_exit, an_intent
from memesnipe.testing.exploring import explored
from memesnipe.testing.swaps import NOW_NS, World

WORLD = World(Keypair.from_seed(bytes([1]) * 32), *(SigningKey(bytes([number]) * 32) for number in (2, 3, 4)))
INTENTS: tuple[Intent, ...] = (an_intent(id="buy"), a_sale(id="sale"), an_exit(id="exit", mode=Mode.LIVE))
STANDING = standing_of(a_config(a_strategy(mode=Mode.LIVE)), Halts(), 5 * SOL)
LIFE_BLOCKS = 150
FAILPOINTS = (
    "guard.before_attempt", "guard.after_attempt", "guard.before_signature_kept", "guard.after_signature_kept", "guard.before_broadcast",
    "guard.after_broadcast", "guard.before_outcome_kept", "guard.after_outcome_kept",
)  # fmt: skip
STEPS_TO_THE_END = 4_000
"""More than any order needs once every host is honest."""


class Step(NamedTuple):
    """What happens at one read or wait: blocks come, take what was sent or not, a host is silent, the signer answers or not."""

    blocks: int = 1
    takes: bool = True
    fails: bool = False
    silent: bool = False
    signer: str = "answers"


HONEST = Step(blocks=1)
steps = st.builds(
    Step,
    blocks=st.sampled_from((*[0] * 9, *[1] * 9, 10, 135)),
    takes=st.sampled_from((*[False] * 9, True)),
    fails=st.sampled_from((False, False, False, True)),
    silent=st.sampled_from((*[False] * 5, True)),
    signer=st.sampled_from(("answers", "answers", "away", "answer is lost")),
)


class Killed(BaseException):
    """The process is gone; nothing of ours may catch it."""


class Chain(SolanaRpc):
    """Every height is final at once. It takes the bytes it was sent while their blockhash lives, and knows what it took."""

    def __init__(self) -> None:
        self.height, self.plan = 1_000, list[Step]()
        self.last_valid: dict[str, int] = {}
        self.sent: dict[str, bytes] = {}
        self.taken: dict[str, Landed] = {}

    def step(self) -> Step:
        if not self.plan:
            raise Killed
        now = self.plan.pop(0)
        if now.blocks and now.takes:
            for signature in [one for one in self.sent if self.lives(one, self.height + 1)]:
                self.taken[signature] = landed(self.sent[signature], self.height + 1, failed=now.fails)
        self.height += now.blocks
        return now

    def lives(self, signature: str, at: int | None = None) -> bool:
        """Whether a sent transaction can still get into a block at this height."""
        last = self.last_valid[blockhash_of(self.sent[signature])]
        return signature not in self.taken and (at if at is not None else self.height + 1) <= last

    def fresh_blockhash(self) -> Hash:
        blockhash = Hash(len(self.last_valid).to_bytes(32, "big"))
        self.last_valid[str(blockhash)] = self.height + LIFE_BLOCKS
        return blockhash

    def read(self) -> None:
        if self.step().silent:
            raise Unavailable("rpc", "silent", 0.0)

    async def genesis(self) -> str:
        return GENESIS

    async def block_height(self, commitment: Commitment = Finalized, lane: Lane = Lane.NORMAL) -> int:
        self.read()
        return self.height

    async def blockhash_valid(self, blockhash: str, lane: Lane = Lane.NORMAL) -> bool:
        self.read()
        return self.height <= self.last_valid[blockhash]

    async def statuses(self, signatures: Any, lane: Lane = Lane.NORMAL) -> tuple[SignatureStatus | None, ...]:
        self.read()
        return tuple(SignatureStatus(self.height, None, "finalized") if one in self.taken else None for one in signatures)

    async def transaction(self, signature: str, commitment: Commitment = Confirmed, lane: Lane = Lane.NORMAL) -> Landed | None:
        self.read()
        return self.taken.get(signature)

    async def send(self, transaction: bytes, lane: Lane = Lane.NORMAL) -> None:
        """The way into a block; whether its answer is lost says nothing of what it did."""
        self.sent[str(Signature.from_bytes(transaction[1:65]))] = transaction
        self.read()


class Venue:
    """Makes the order's honest bytes on the newest blockhash."""

    name = "venue"

    def __init__(self, chain: Chain) -> None:
        self._chain = chain

    def serves(self, intent: Intent) -> bool:
        return True

    async def prepare(self, intent: Intent, wallet: str, limits: object, lane: Lane) -> Ready:
        blockhash = self._chain.fresh_blockhash()
        with patch.object(swaps, "_hash", lambda _: blockhash):
            message = swaps.compiled(swaps.a_swap(intent, WORLD.wallet), WORLD.wallet)
        floor = swaps.quoted(intent) * (10_000 - intent.slippage_bps_max) // 10_000
        built = Built(message, (), self._chain.last_valid[str(blockhash)], swaps.quoted(intent), swaps.CLEAN_MINT)
        return Ready(built, floor, swaps.PRICE, swaps.TIP)


class Door:
    """The signer's client without HTTP: it may be away, and its answer may be lost after it signed."""

    def __init__(self, machine: "GuardMachine") -> None:
        self._machine = machine

    async def wallet(self) -> str:
        return str(WORLD.wallet)

    async def sign(self, request: SwapTransaction, lane: Lane = Lane.NORMAL) -> SignedTransaction:
        fate = self._machine.chain.step().signer
        if fate == "away":
            raise Unavailable("signer", "away", 0.0)
        try:
            signed = self._machine.signer.sign(request)
        except Replayed as replayed:
            raise AlreadySigned(replayed.detail, replayed.earlier) from None
        self._machine.was_signed(signed)
        if fate == "answer is lost":
            raise Unavailable("signer", "timed out", 0.0)
        return signed


class GuardMachine(RuleBasedStateMachine):
    """The world around one wallet_guard."""

    @initialize()
    def start(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.chain, self.ended, self.gone = Chain(), dict[str, tuple[str, ...]](), set[str]()
        self.signatures: dict[str, list[SignedTransaction]] = {intent.id: [] for intent in INTENTS}
        self.attempts = Attempts(self.folder / "guard.db")
        with patch.object(stores, "_LOG_PAGES", 8):
            self.store = Store.open(self.folder / "signer.db")
        wallet = Wallet(bytes(WORLD.keypair))
        rails = rails_of(SignerSettings(paper_trading_mode=False), wallet, WORLD.trusted)
        self.signer = Signer(wallet, self.store, rails, self)

    def teardown(self) -> None:
        if not hasattr(self, "store"):
            return
        try:
            for order in range(len(INTENTS)):
                self.the_guard_works(order, [HONEST] * STEPS_TO_THE_END, "")
                assert INTENTS[order].id in self.ended, "an order never ended"
        finally:
            self.store.close()
            self.attempts.close()
            shutil.rmtree(self.folder)

    # Everybody's clock, and the bus where the lease is read.
    def now_ns(self) -> int:
        return NOW_NS + (self.chain.height - 1_000) * 400_000

    def observe(self, time_ns: int) -> None:
        return

    async def get(self, key: str) -> bytes:
        return WORLD.a_lease(issued_ns=self.now_ns() - NS_PER_S, expires_ns=self.now_ns() + 60 * NS_PER_S)

    @rule(
        order=st.integers(0, len(INTENTS) - 1),
        plan=st.lists(steps, min_size=12, max_size=40),
        at=st.sampled_from(("", "", "", *FAILPOINTS)),
    )
    def the_guard_works(self, order: int, plan: list[Step], at: str) -> None:
        if INTENTS[order].id in self.gone:
            return
        self.chain.plan = list(plan)
        with killed_at(at, self.chain):
            try:
                outcomes = asyncio.run(self.guard().settle(approved(INTENTS[order])))
            except Killed:
                self.attempts.close()
                self.attempts = Attempts(self.folder / "guard.db")
                return
        self.check_end(INTENTS[order], outcomes)

    @rule(number=st.sampled_from((1, 130, 151)))
    def blocks_pass_while_it_is_dead(self, number: int) -> None:
        self.chain.plan = [Step(blocks=number)]
        self.chain.step()

    @rule()
    def guard_db_is_lost(self) -> None:
        """An order whose end was said was acknowledged with it: no stream gives it again."""
        self.gone = set(self.ended)
        self.attempts.close()
        for file in self.folder.glob("guard*"):
            file.unlink()
        self.attempts = Attempts(self.folder / "guard.db")

    def guard(self) -> live.Live:
        expiry = Expiry(self.chain, now_s=lambda: self.chain.height * 0.4)
        ways = landing.Landing(self.chain, expiry, (self.chain,), commitment=Finalized, poll_s=0.0, resend_s=0.0)
        hosts: Any = guard_hosts.Hosts(self.chain, Venue(self.chain), expiry, ways, Door(self), ())  # type: ignore[arg-type] # a door without HTTP
        me: Any = self  # the clock and the bus
        return live.Live(me, me, hosts, guard_hosts.Keys(WORLD.guard, WORLD.trusted), self.attempts, lambda: STANDING)

    # What must hold.
    def was_signed(self, signed: SignedTransaction) -> None:
        """The next attempt is only signed when every earlier one is dead for good."""
        others = [one for one in self.signatures[signed.intent_id] if one.signature != signed.signature]
        for other in others:
            assert other.signature not in self.chain.taken, "signed again although it landed"
            assert other.last_valid_block_height < self.chain.height, "two attempts may land"
        self.signatures[signed.intent_id] = [*others, signed]

    def check_end(self, intent: Intent, outcomes: tuple[Outcome, ...]) -> None:
        fills = [one for one in outcomes if isinstance(one, Fill)]
        taken = [one.signature for one in self.signatures[intent.id] if one.signature in self.chain.taken]
        assert [fill.signature for fill in fills] == taken, "what was said is not what the chain did"
        assert not any(self.chain.lives(one.signature) for one in self.signatures[intent.id] if one.signature in self.chain.sent)
        for one in outcomes:
            self.check_way(intent, one)
        end = tuple(one.signature if isinstance(one, Fill) else "refused" for one in outcomes)
        assert self.ended.setdefault(intent.id, end) == end, "the order ended twice, in two ways"

    def check_way(self, intent: Intent, outcome: Outcome) -> None:
        """Stamps are of the last attempt, in their order, and 0 where this process did not see the step."""
        way, last = outcome.way, self.attempts.last(intent.id)
        assert way is not None
        stamps = (way.approved_ns, way.taken_ns, way.quoted_ns, way.signed_ns, way.sent_ns, outcome.time_ns)
        known = [stamp for stamp in stamps if stamp]
        assert known == sorted(known), "a step before the one that led to it"
        ours = last is not None and not isinstance(last.signed, EarlierSignature)
        assert way.quoted_ns == (last.created_ns if last is not None and ours else 0), "bytes of another attempt"
        assert ours or not way.signed_ns, "others' bytes were not signed here"
        assert way.signed_ns or not way.sent_ns, "a first broadcast of what was signed before a restart"


def approved(intent: Intent) -> ApprovedOrder:
    approval = approve.approve_risk(
        intent, mode=Mode.LIVE, genesis=GENESIS, policy_hash=POLICY_HASH, halt_epoch=0, now_ns=NOW_NS, ttl_ns=600 * NS_PER_S, key=WORLD.risk
    )
    return ApprovedOrder(intent, Mode.LIVE, POLICY_HASH, 0, NOW_NS, approval)


def landed(raw: bytes, slot: int, *, failed: bool) -> Landed:
    """What the chain tells of a transaction: our lamports went down by the fee, and by the amount unless it failed."""
    keys = len(from_bytes_versioned(raw[65:]).account_keys)
    before, after = [10 * SOL] * keys, [10 * SOL] * keys
    after[0] -= 5_000 if failed else SOL // 10
    meta = TransactionMeta({"InstructionError": [0, "Custom"]} if failed else None, 5_000, tuple(before), tuple(after))
    return Landed(slot, (base64.b64encode(raw).decode(), "base64"), meta)


def blockhash_of(transaction: bytes) -> str:
    return str(from_bytes_versioned(transaction[65:]).recent_blockhash)


@contextmanager
def killed_at(point: str, chain: Chain) -> Iterator[None]:
    def failpoint(name: str) -> None:
        if name == point:
            raise Killed

    async def sleep(_: float) -> None:
        chain.step()

    with patch.object(live, "failpoint", failpoint), patch.object(landing, "failpoint", failpoint), patch.object(asyncio, "sleep", sleep):
        yield


TestGuardMachine = GuardMachine.TestCase
TestGuardMachine.settings = explored(60, steps=10)
