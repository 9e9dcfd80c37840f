"""The chain: slots, blockhashes, what is pending, what landed, and the rules that decide between the two.

A submission is checked (bytes, signatures), queued, and tried at the next slot: duplicate, blockhash, lookup tables, fee payer, then the
SVM. What cannot be charged vanishes without a trace, as it does on a real cluster; what is charged is recorded for good. Block height
lags the slot by a constant, so that a client that compares the wrong one is found out.
"""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
from solders.account import Account
from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction

from memesnipe.chain import programs
from memesnipe.localnet import accounts, execution, message, seeds, settle
from memesnipe.localnet.bank import Accounts, Bank
from memesnipe.localnet.execution import Execution
from memesnipe.localnet.faults import Faults
from memesnipe.localnet.journal import Journal
from memesnipe.localnet.market import Market
from memesnipe.localnet.message import LoadError, Resolved
from memesnipe.localnet.settings import LocalnetSettings

FIRST_SLOT = 1_200
HEIGHT_LAG = 1_000
MANUAL_EPOCH_UNIX_S = 1_780_000_000
BLOCKS_KEPT = 400
PENDING_MAX = 10_000
DEPTH = {"processed": 0, "recent": 0, "confirmed": 1}


class Progress(msgspec.Struct, frozen=True):
    """How far a recording was played: which (0: none), how many of its slots, and when the last of them was. Persisted with the pools."""

    identity: int = 0
    played: int = 0
    last_slot: int = FIRST_SLOT


class Record(msgspec.Struct, frozen=True):
    """A transaction that landed (or an agent's, made up: `synthetic`). `keys` includes looked-up addresses."""

    signature: str
    slot: int
    index: int
    block_time: int
    raw: bytes
    meta: dict[str, Any]
    version: str | int
    keys: list[str]
    synthetic: bool = False


@dataclass(slots=True)
class Submission:
    """Transactions to try at the next slot: one, or a bundle that lands whole or not at all."""

    transactions: list[VersionedTransaction]
    bundle_id: str | None = None
    not_before: int = 0


@dataclass(slots=True)
class BundleState:
    """What became of a bundle."""

    signatures: list[str]
    status: str = "Pending"
    slot: int | None = None


@dataclass(slots=True)
class Block:
    """What a slot held, in order."""

    slot: int
    unix_s: int
    records: list[Record] = field(default_factory=list)


class Chain:
    """State of the cluster. Single-threaded: every method runs to its end between two awaits."""

    def __init__(self, settings: LocalnetSettings) -> None:
        self.settings = settings
        self.bank = Bank()
        self.market = Market(self.bank)
        self.journal = Journal(self.bank, self.market)
        self.faults = Faults(settings.seed)
        self.slot = FIRST_SLOT
        self.progress = Progress()
        self.records: dict[str, Record] = {}
        self.by_address: dict[str, dict[str, None]] = {}
        self.blocks: dict[int, Block] = {}
        self.bundles: dict[str, BundleState] = {}
        self.fresh: list[Record] = []
        self.undone: list[str] = []
        self._pending: deque[Submission] = deque()
        self._deferred: list[Callable[[], None]] = []
        self._hashes: dict[str, int] = {}
        self._refresh_hashes()

    @property
    def height(self) -> int:
        """Block height of the newest block."""
        return self.slot - HEIGHT_LAG

    @property
    def unix_s(self) -> int:
        """Time of the newest block: the wall's, or with a manual clock a pure function of the slot."""
        if self.settings.slot_ms > 0:
            return int(time.time())
        return MANUAL_EPOCH_UNIX_S + (self.slot - FIRST_SLOT) * 2 // 5

    def slot_at(self, commitment: str) -> int:
        """The newest slot with that commitment."""
        return max(FIRST_SLOT, self.slot - DEPTH.get(commitment, self.settings.finality_slots))

    def commitment_of(self, slot: int) -> str:
        """How settled a slot is by now."""
        age = self.slot - slot
        return "finalized" if age >= self.settings.finality_slots else "confirmed" if age >= DEPTH["confirmed"] else "processed"

    def blockhash(self, commitment: str) -> tuple[str, int]:
        """The newest blockhash with that commitment and the last block height it can land at."""
        height = self.slot_at(commitment) - HEIGHT_LAG
        return str(seeds.blockhash(self.settings.seed, height)), height + programs.BLOCKHASH_LIFE_BLOCKS

    def blockhash_living(self, life: int) -> tuple[str, int]:
        """A blockhash with `life` blocks left, and the last height it can land at."""
        height = max(0, self.height - programs.BLOCKHASH_LIFE_BLOCKS + life)
        return str(seeds.blockhash(self.settings.seed, height)), height + programs.BLOCKHASH_LIFE_BLOCKS

    def blockhash_height(self, blockhash: str) -> int | None:
        """Height of a blockhash that can still land, or None."""
        return self._hashes.get(blockhash)

    def submit(self, submission: Submission) -> bool:
        """Queue for the next slot; False when the queue is full."""
        if len(self._pending) >= PENDING_MAX:
            return False
        self._pending.append(submission)
        return True

    def defer(self, act: Callable[[], None]) -> None:
        """Do this while the next block is open: what happens between blocks is told in the one that follows."""
        self._deferred.append(act)

    def check(self, tx: VersionedTransaction) -> Resolved:
        """Everything a validator checks before execution. Raises LoadError with the TransactionError."""
        if not all(tx.verify_with_results()):
            raise LoadError("SignatureFailure")
        if str(tx.signatures[0]) in self.records:
            raise LoadError("AlreadyProcessed")
        if self.blockhash_height(str(tx.message.recent_blockhash)) is None:
            raise LoadError("BlockhashNotFound")
        return message.resolve(tx, self.bank)

    def simulate(self, resolved: Resolved) -> tuple[Execution, Accounts]:
        """What would happen if it landed now."""
        plan = settle.plan(resolved, self.market.by_address, self.slot)
        return execution.simulate(resolved, plan, self.bank, self.unix_s)

    def advance(self, act: Callable[[], None] = lambda: None) -> Block:
        """One slot: land what is pending, let whoever moves the pools act, close the block."""
        self.slot += 1
        self._refresh_hashes()
        self.bank.set_time(self.slot, self.unix_s)
        block = self.blocks[self.slot] = Block(self.slot, self.unix_s)
        waiting, self._pending = self._pending, deque()
        for submission in waiting:
            if submission.not_before > self.slot:
                self._pending.append(submission)
            else:
                self._land(submission)
        deferred, self._deferred = self._deferred, []
        for one in [*deferred, act]:
            one()
        self.journal.close(self.slot)
        self._forget(self.slot - BLOCKS_KEPT)
        return block

    def undo(self, first: int, again_slots: int) -> list[Record]:
        """The cluster takes another fork: slots from `first` on hold nothing any more. What users sent is tried again, or lost (0).

        Slots and heights do not go back: the fork that won had blocks of its own there.
        """
        gone = [record for slot in range(first, self.slot + 1) for record in self.blocks[slot].records]
        for slot in range(first, self.slot + 1):
            self.blocks[slot].records.clear()
        for record in gone:
            self._drop(record)
        self.undone += [record.signature for record in gone]
        self.journal.undo(first)
        users = [record for record in gone if not record.synthetic]
        for record in users if again_slots else []:
            self.submit(Submission([VersionedTransaction.from_bytes(record.raw)], not_before=self.slot + again_slots))
        return users

    def record(self, record: Record) -> None:
        """Append to the open block and to history."""
        record.meta["logMessages"] = self.faults.logs(record.meta["logMessages"])
        self.blocks[self.slot].records.append(record)
        self.remember(record)
        self.fresh.append(record)

    def remember(self, record: Record) -> None:
        """Put into history, by signature and by address."""
        self.records[record.signature] = record
        for key in record.keys:
            self.by_address.setdefault(key, {})[record.signature] = None

    def next_index(self) -> int:
        """Position of the next transaction in the open block."""
        return len(self.blocks[self.slot].records)

    def _land(self, submission: Submission) -> None:
        if submission.bundle_id is None:
            self._try(submission.transactions[0])
            return
        state = self.bundles[submission.bundle_id]
        landed = self._all_or_nothing(submission.transactions)
        state.status, state.slot = ("Landed", self.slot) if landed else ("Failed", None)

    def _try(self, tx: VersionedTransaction) -> Execution | None:
        """Execute and record; None when it was dropped."""
        try:
            resolved = self.check(tx)
        except LoadError:
            return None
        plan = settle.plan(resolved, self.market.by_address, self.slot, lambda: self.faults.take("reverted_swaps"))
        done = execution.execute(resolved, plan, self.bank, self.unix_s)
        if not done.charged:
            return None
        for swap in done.swaps:
            self.market.remember(swap.pool)
        self.record(self._record_of(resolved, done))
        return done

    def _record_of(self, resolved: Resolved, done: Execution) -> Record:
        tx = resolved.tx
        keys = [str(key) for key in resolved.keys]
        head = (str(tx.signatures[0]), self.slot, self.next_index(), self.unix_s)
        return Record(*head, bytes(tx), done.meta, message.version_of(tx), keys)

    def _all_or_nothing(self, transactions: list[VersionedTransaction]) -> bool:
        try:
            keys = {key for tx in transactions for key in self.check(tx).keys}
        except LoadError:
            return False
        saved, saved_pools = self.bank.snapshot(keys), self.market.snapshot()
        count = self.next_index()
        for tx in transactions:
            done = self._try(tx)
            if done is None or done.err is not None:
                self._undo(count, saved, saved_pools)
                return False
        return True

    def _undo(self, count: int, saved: Accounts, saved_pools: dict[str, Any]) -> None:
        records = self.blocks[self.slot].records
        for record in records[count:]:
            self.fresh.remove(record)
            self._drop(record)
        del records[count:]
        self.market.restore(saved_pools)
        self.bank.restore(saved)

    def _drop(self, record: Record) -> None:
        self.records.pop(record.signature, None)
        for key in record.keys:
            self.by_address.get(key, {}).pop(record.signature, None)

    def _forget(self, slot: int) -> None:
        """Agents' trades leave history after a while; what users signed stays."""
        block = self.blocks.pop(slot, None)
        for record in block.records if block else []:
            if record.synthetic:
                self._drop(record)

    def _refresh_hashes(self) -> None:
        seed, newest = self.settings.seed, self.height
        if not self._hashes or self._hashes.get(str(seeds.blockhash(seed, newest - 1))) is None:
            oldest = max(0, newest - programs.BLOCKHASH_LIFE_BLOCKS)
            self._hashes = {str(seeds.blockhash(seed, height)): height for height in range(oldest, newest + 1)}
        self._hashes[str(seeds.blockhash(seed, newest))] = newest
        self._hashes.pop(str(seeds.blockhash(seed, newest - programs.BLOCKHASH_LIFE_BLOCKS - 1)), None)


def found_cluster(chain: Chain) -> None:
    """Genesis: the wrapped SOL mint, the Jupiter program's account, the tip accounts, the faucet."""
    bank = chain.bank
    bank.put(accounts.WRAPPED_SOL, accounts.mint_account(0, programs.WRAPPED_SOL_DECIMALS))
    for program in (programs.JUPITER_PROGRAM, programs.PUMP_PROGRAM, programs.RAYDIUM_CPMM_PROGRAM):
        bank.put(Pubkey.from_string(program), Account(1_141_440, b"", accounts.ATA, False, accounts.RENT_EPOCH))
    for tip in (*programs.JITO_TIP_ACCOUNTS, *programs.HELIUS_TIP_ACCOUNTS):
        # as on mainnet they exist: a tip below the rent minimum to an account that does not would fail
        bank.put(Pubkey.from_string(tip), Account(accounts.rent_lamports(0), b"", Pubkey.default()))
    faucet = seeds.keypair(chain.settings.seed, "faucet").pubkey()
    bank.put(faucet, Account(500_000_000 * programs.LAMPORTS_PER_SOL, b"", Pubkey.default()))
