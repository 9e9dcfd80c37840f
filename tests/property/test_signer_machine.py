"""The signer under any order of requests, repeats, kills, clocks and halts: what it signs is exactly what a small model allows.

The real `Signer` on a real store. A kill is an exception out of a fail-point, after which the store is opened again as a new process
would; `tests/integration/test_signer_service.py` does the same with SIGKILL at each of them.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from solders.keypair import Keypair

from memesnipe.approvals.keys import SigningKey
from memesnipe.kernel.clock import NS_PER_S
from memesnipe.kernel.errors import Refused
from memesnipe.messages.orders import ExitIntent
from memesnipe.messages.signing import SignedTransaction, SwapTransaction
from memesnipe.signer import audit, signing
from memesnipe.signer import store as stores
from memesnipe.signer.service import rails_of
from memesnipe.signer.settings import SignerSettings
from memesnipe.signer.store import Store
from memesnipe.signer.wallet import Wallet
from memesnipe.testing import swaps
from memesnipe.testing.builders import SOL, a_sale, an_exit, an_intent
from memesnipe.testing.exploring import explored
from memesnipe.testing.swaps import NOW_NS, World

WORLD = World(Keypair.from_seed(bytes([1]) * 32), *(SigningKey(bytes([number]) * 32) for number in (2, 3, 4)))
ORDERS = (
    an_intent(id="buy-1"), an_intent(id="buy-2", size_sol=0.2), an_intent(id="buy-3"), a_sale(id="sale-1"), a_sale(id="sale-2"),
    an_exit(id="exit-1"), an_exit(id="exit-2"),
)  # fmt: skip
WHICH = st.integers(0, len(ORDERS) - 1)
BLOCKHASHES = (1, 2)
MESSAGES = {
    (order.id, number): swaps.compiled(swaps.a_swap(order, WORLD.wallet), WORLD.wallet, blockhash=number)
    for order in ORDERS
    for number in BLOCKHASHES
}
FEES = 5_000 + swaps.PRIORITY_FEE + swaps.TIP
RENT = 2_039_280
HOUR, DAY = 3_600 * NS_PER_S, 86_400 * NS_PER_S
CAPS = {HOUR: SOL // 4, DAY: SOL // 2}
ATTEMPTS_MAX = 3
APPROVAL_TTL, LEASE_TTL, SKEW = 30 * NS_PER_S, 60 * NS_PER_S, 2 * NS_PER_S
LEASES = {"trade": {}, "reduce": {"reduce_only": True}, "exits": {"reduce_only": True, "exits_only": True}}
KILLS = ("signer.before_persist", "signer.after_persist", "signer.before_answer")


class Ask(NamedTuple):
    """A request as a guard may make it; times are the others' clocks, `age` of the approvals and of the lease."""

    order: int
    attempt: int
    blockhash: int
    lease: str
    lease_epoch: int
    approved_epoch: int
    time_ns: int

    @property
    def key(self) -> tuple[str, int]:
        return ORDERS[self.order].id, self.attempt

    @property
    def is_exit(self) -> bool:
        return isinstance(ORDERS[self.order], ExitIntent)

    @property
    def reduces(self) -> bool:
        return not ORDERS[self.order].id.startswith("buy")

    @property
    def spends(self) -> int:
        intent = ORDERS[self.order]
        opened = 1 if self.reduces else 2  # the wrapped account, and on a buy the token's
        return FEES + opened * RENT + (0 if self.reduces or isinstance(intent, ExitIntent) else intent.size_lamports)


class Signature(NamedTuple):
    """What the model remembers of one signature. `answer` is None while nobody has seen it (killed after it was kept)."""

    ask: Ask
    time_ns: int
    answer: SignedTransaction | None


class Killed(BaseException):
    """The process is gone; nothing of ours may catch it."""


class SignerMachine(RuleBasedStateMachine):
    """`true_ns` is the others' clock; the signer's runs `off_ns` beside it."""

    @initialize()
    def start(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.true_ns, self.off_ns, self.epoch = NOW_NS, 0, 0
        self.signed: dict[tuple[str, int], Signature] = {}
        self.watermark_ns, self.seen_epoch, self.asked = 0, 0, list[Ask]()
        self.store = self.opened()

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
            shutil.rmtree(self.folder)

    def opened(self) -> Store:
        with patch.object(stores, "_LOG_PAGES", 8):  # the layout is for speed under load; a thousand restarts would wait for the disk
            store = Store.open(self.folder / "signer.db")
        caps: dict[str, Any] = {
            "spend_lamports_per_hour_max": CAPS[HOUR],
            "spend_lamports_per_day_max": CAPS[DAY],
            "attempts_max": ATTEMPTS_MAX,
        }
        wallet = Wallet(bytes(WORLD.keypair))
        rails = rails_of(SignerSettings(paper_trading_mode=False, **caps), wallet, WORLD.trusted)
        self.signer = signing.Signer(wallet, store, rails, self)
        return store

    # The signer's clock.
    def now_ns(self) -> int:
        return self.true_ns + self.off_ns

    def observe(self, time_ns: int) -> None:
        return

    # Rules: time, halts, restarts.
    @rule(seconds=st.sampled_from((1, 29, 31, 61, 1_800, 3_600, 3_601, 86_400)))
    def time_passes(self, seconds: int) -> None:
        self.true_ns += seconds * NS_PER_S

    @rule(seconds=st.sampled_from((0, 0, -1, -31, -7_200, 1, 3)))
    def the_signers_clock_is_set(self, seconds: int) -> None:
        self.off_ns = seconds * NS_PER_S

    @rule(orders=st.lists(WHICH, max_size=2))
    def a_halt_and_its_end(self, orders: list[int]) -> None:
        self.epoch += 1
        self.an_honest_guard_asks(orders, BLOCKHASHES[0])

    @rule()
    def a_restart(self) -> None:
        self.store.close()
        self.store = self.opened()
        self.seen_epoch = max((each.ask.lease_epoch for each in self.signed.values()), default=0)  # what a repeat showed is forgotten

    # Rules: requests.
    @rule(orders=st.lists(WHICH, max_size=4), blockhash=st.sampled_from(BLOCKHASHES))
    def an_honest_guard_asks(self, orders: list[int], blockhash: int) -> None:
        for order in orders:
            self.ask(self.honest(order, blockhash))

    @rule(
        order=WHICH,
        attempt=st.integers(1, ATTEMPTS_MAX + 1),
        blockhash=st.sampled_from(BLOCKHASHES),
        lease=st.sampled_from(sorted(LEASES)),
        epochs=st.sampled_from(((0, 0), (1, 1), (1, 1), (0, 1), (1, 0))),
        age_s=st.sampled_from((0, 0, 0, 0, -3, -2, 29, 31, 61)),
    )
    def anybody_asks(self, order: int, attempt: int, blockhash: int, lease: str, epochs: tuple[int, int], age_s: int) -> None:
        lease_epoch, approved = (max(self.epoch - lag, 0) for lag in epochs)
        self.ask(Ask(order, attempt, blockhash, lease, lease_epoch, approved, self.true_ns - age_s * NS_PER_S))

    @rule(which=st.integers(0, 20))
    def an_old_request_comes_again(self, which: int) -> None:
        if self.asked:
            self.ask(self.asked[which % len(self.asked)])

    @rule(which=st.integers(0, 20))
    def what_was_signed_is_asked_for_again(self, which: int) -> None:
        if self.signed:
            earlier = [*self.signed.values()][which % len(self.signed)].ask
            self.ask(earlier._replace(time_ns=self.true_ns, lease="trade", lease_epoch=self.epoch, approved_epoch=self.epoch))

    @rule(order=WHICH, blockhash=st.sampled_from(BLOCKHASHES), at=st.sampled_from(KILLS))
    def the_signer_is_killed_at_an_order(self, order: int, blockhash: int, at: str) -> None:
        ask = self.honest(order, blockhash)
        may, new = self.allowed(ask), ask.key not in self.signed
        with killed_at(at):
            try:
                self.signer.sign(request(ask))
            except Refused:
                assert not may
            except Killed:
                assert may
                assert new
                if at != "signer.before_persist":
                    self.remember(ask, None)
        self.a_restart()

    def honest(self, order: int, blockhash: int) -> Ask:
        attempt = 1 + sum(key[0] == ORDERS[order].id for key in self.signed)
        return Ask(order, attempt, blockhash, "trade", self.epoch, self.epoch, self.true_ns)

    def ask(self, ask: Ask) -> None:
        may, lines = self.allowed(ask), self.store.lines
        self.asked.append(ask)
        try:
            answer = self.signer.sign(request(ask))
        except Refused as refused:
            note(f"{ask}: {refused}")
            assert not may, f"refused although allowed: {refused}"  # noqa: PT017 - both a refusal and a yes are judged by the model
            assert self.store.lines == lines
            return
        assert may, "signed although not allowed"
        known = self.signed.get(ask.key)
        if known is None:
            self.remember(ask, answer)
        else:
            assert known.answer in (None, answer), "the same request got other bytes"
            assert self.store.lines == lines, "a repeat was counted twice"
            self.signed[ask.key] = known._replace(answer=answer)
            self.seen_epoch = max(self.seen_epoch, ask.lease_epoch)

    def remember(self, ask: Ask, answer: SignedTransaction | None) -> None:
        time_ns = max(self.now_ns(), self.watermark_ns)
        self.signed[ask.key] = Signature(ask, time_ns, answer)
        self.watermark_ns, self.seen_epoch = time_ns, max(self.seen_epoch, ask.lease_epoch)

    # The model: four rules, written without a look at the signer's own.
    def allowed(self, ask: Ask) -> bool:
        return self.lives(ask) and self.fits_the_lease(ask) and self.is_its_turn(ask) and self.is_within_caps(ask)

    def lives(self, ask: Ask) -> bool:
        now_ns = max(self.now_ns(), self.watermark_ns)
        return ask.time_ns <= now_ns + SKEW and now_ns < ask.time_ns + min(APPROVAL_TTL, LEASE_TTL)

    def fits_the_lease(self, ask: Ask) -> bool:
        if ask.is_exit:
            return True
        one_epoch = ask.approved_epoch == ask.lease_epoch >= self.seen_epoch
        return one_epoch and (ask.lease == "trade" or (ask.lease == "reduce" and ask.reduces))

    def is_its_turn(self, ask: Ask) -> bool:
        if known := self.signed.get(ask.key):
            return known.ask.blockhash == ask.blockhash
        before = sum(key[0] == ask.key[0] for key in self.signed)
        return ask.attempt == before + 1 <= ATTEMPTS_MAX

    def is_within_caps(self, ask: Ask) -> bool:
        return ask.key in self.signed or all(self.spent(span, ask.reduces) + ask.spends <= cap for span, cap in CAPS.items())

    def spent(self, span: int, only_reducing: bool) -> int:
        since = max(self.now_ns(), self.watermark_ns) - span
        counted = (each for each in self.signed.values() if each.time_ns > since)
        return sum(each.ask.spends for each in counted if each.ask.reduces or not only_reducing)

    @invariant()
    def the_audit_chain_has_every_signature_once(self) -> None:
        if hasattr(self, "store"):
            assert audit.verify(self.folder / "signer.db") == len(self.signed) == self.store.lines

    @invariant()
    def the_watermark_is_the_latest_signature_and_never_goes_back(self) -> None:
        if hasattr(self, "store"):
            assert self.store.watermark_ns == self.watermark_ns


def request(ask: Ask) -> SwapTransaction:
    approved = {"halt_epoch": ask.approved_epoch}
    life = {"issued_ns": ask.time_ns, "expires_ns": ask.time_ns + LEASE_TTL}
    return WORLD.a_request(
        ORDERS[ask.order],
        message=MESSAGES[ORDERS[ask.order].id, ask.blockhash],
        attempt=ask.attempt,
        lease=WORLD.a_lease(halt_epoch=ask.lease_epoch, **life, **LEASES[ask.lease]),
        now_ns=ask.time_ns,
        risk=approved,
        guard=approved,
    )


@contextmanager
def killed_at(point: str) -> Iterator[None]:
    def failpoint(name: str) -> None:
        if name == point:
            raise Killed

    with patch.object(stores, "failpoint", failpoint), patch.object(signing, "failpoint", failpoint):
        yield


TestSignerMachine = SignerMachine.TestCase
TestSignerMachine.settings = explored(100, steps=40)
