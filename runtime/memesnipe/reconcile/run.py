"""What `memesnipe reconcile` does: read the chain, read the ledger, and list what differs."""

import time
from collections.abc import Sequence

import msgspec

from memesnipe.kernel.errors import ConfigError, Unavailable
from memesnipe.reconcile.books import Books, read_books
from memesnipe.reconcile.compare import Difference, Wallet, compare
from memesnipe.reconcile.movements import Movement, movement_of
from memesnipe.reconcile.rpc import ChainReader

AGREES, DIFFERS = 0, 1
PATIENCE_S = 30.0
PAUSE_S = 2.0
QUIET_TRIES = 20


class Report(msgspec.Struct, frozen=True):
    """What was compared and what differs. `transactions` is the whole chain history of the wallet."""

    transactions: int
    fills: int
    transfers: int
    positions: int
    lamports: int
    differences: Sequence[Difference]

    @property
    def exit_code(self) -> int:
        """0 when ledger and chain agree to the lamport, else 1."""
        return DIFFERS if self.differences else AGREES


def reconcile(database_url: str, rpc_url: str, wallet: str, *, patience_s: float = PATIENCE_S) -> Report:
    """Compare a ledger with a wallet's full chain history. Raises ConfigError, Unavailable, BadInput.

    While orders are landing the two are read a moment apart: differences count only if they are still the same `patience_s` later.
    """
    for name, value in (("the ledger's URL", database_url), ("MEMESNIPE_RPC_URL", rpc_url), ("the wallet", wallet)):
        if not value:
            raise ConfigError(f"{name}: not known; reconcile compares live trading with a chain")
    deadline = time.monotonic() + patience_s
    seen: dict[str, Movement] = {}
    with ChainReader(rpc_url) as reader:
        while True:
            report = _compared(read_books(database_url), _wallet(reader, wallet, seen))
            if not report.differences or time.monotonic() >= deadline:
                return report
            time.sleep(min(PAUSE_S, patience_s))


def _wallet(reader: ChainReader, wallet: str, seen: dict[str, Movement]) -> Wallet:
    """Return the chain's word; balances are taken only while no transaction came between."""
    for _ in range(QUIET_TRIES):
        signatures = reader.signatures(wallet)
        for signature in signatures:
            if signature not in seen:
                seen[signature] = movement_of(signature, reader.transaction(signature), wallet)
        lamports, tokens = reader.lamports(wallet), reader.tokens(wallet)
        if reader.signatures(wallet) == signatures:
            return Wallet([seen[signature] for signature in signatures], lamports, tokens)
    raise Unavailable("rpc", "the wallet trades faster than it can be read; halt it and run again")


def _compared(books: Books, wallet: Wallet) -> Report:
    return Report(
        transactions=len(wallet.movements),
        fills=len(books.fills),
        transfers=len(books.transfers),
        positions=len(books.positions),
        lamports=wallet.lamports,
        differences=compare(books, wallet),
    )
