"""The accounts: LiteSVM behind the few operations the localnet needs, remembering what changed and who owns which token account.

Signature, blockhash and duplicate checks are made by `chain` on the signed bytes before anything runs here, so the SVM's own are off:
what it executes is the settled form of the transaction, not the signed one.
"""

from collections import defaultdict
from collections.abc import Iterable

from solders.account import Account
from solders.litesvm import LiteSVM
from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction
from solders.transaction_metadata import SimulateResult, TransactionResult

from memesnipe.localnet.accounts import parse_holding

Accounts = dict[Pubkey, Account | None]
EMPTY = Account(0, b"", Pubkey.default())


class Bank:
    """All accounts of the chain at its newest state."""

    def __init__(self) -> None:
        svm = LiteSVM().with_sigverify(False).with_blockhash_check(False)
        self._svm = svm.with_transaction_history(0).with_log_bytes_limit(None)
        self._tokens_of: defaultdict[Pubkey, set[Pubkey]] = defaultdict(set)
        self._accounts_of_mint: defaultdict[Pubkey, set[Pubkey]] = defaultdict(set)
        self.dirty: set[Pubkey] = set()
        self.before: Accounts = {}

    def get(self, key: Pubkey) -> Account | None:
        """The account, or None; an account without lamports does not exist."""
        account = self._svm.get_account(key)
        return account if account is not None and account.lamports > 0 else None

    def lamports(self, key: Pubkey) -> int:
        """Balance; 0 for an account that does not exist."""
        return self._svm.get_balance(key) or 0

    def put(self, key: Pubkey, account: Account | None) -> None:
        """Write an account from outside any transaction: genesis, agents, a roll-back."""
        self.note([key])
        self._svm.set_account(key, account or EMPTY)
        self.touch([key])

    def note(self, keys: Iterable[Pubkey]) -> None:
        """Remember accounts as they are, before the first change of the open slot."""
        for key in keys:
            if key not in self.before:
                self.before[key] = self.get(key)

    def touch(self, keys: Iterable[Pubkey]) -> None:
        """Note that these accounts may have changed."""
        for key in keys:
            self.dirty.add(key)
            if holding := parse_holding(self.get(key)):
                self._tokens_of[holding.owner].add(key)
                self._accounts_of_mint[holding.mint].add(key)

    def snapshot(self, keys: Iterable[Pubkey]) -> Accounts:
        """The accounts as they are, to compare with or to restore."""
        return {key: self.get(key) for key in keys}

    def restore(self, accounts: Accounts) -> None:
        """Undo everything since the snapshot."""
        for key, account in accounts.items():
            self.put(key, account)

    def token_accounts_of(self, owner: Pubkey) -> list[Pubkey]:
        """Token accounts of both programs owned by a wallet, in a stable order."""
        return self._existing(self._tokens_of[owner])

    def token_accounts_of_mint(self, mint: Pubkey) -> list[Pubkey]:
        """Every token account of a mint, in a stable order."""
        return self._existing(self._accounts_of_mint[mint])

    def program_accounts(self, program: Pubkey) -> list[tuple[Pubkey, Account]]:
        """Every account a program owns."""
        return [(key, account) for key, account in self._svm.get_program_accounts(program) if account.lamports > 0]

    def run(self, tx: VersionedTransaction) -> TransactionResult:
        """Execute and commit (a failing one commits its fee)."""
        return self._svm.send_transaction(tx)

    def simulate(self, tx: VersionedTransaction) -> SimulateResult:
        """Execute without committing."""
        return self._svm.simulate_transaction(tx)

    def set_time(self, slot: int, unix_s: int) -> None:
        """Move the clock sysvar."""
        clock = self._svm.get_clock()
        clock.slot, clock.unix_timestamp = slot, unix_s
        self._svm.set_clock(clock)

    def _existing(self, keys: set[Pubkey]) -> list[Pubkey]:
        return sorted((key for key in keys if parse_holding(self.get(key))), key=bytes)
