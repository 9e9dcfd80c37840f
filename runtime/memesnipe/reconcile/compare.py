"""Every way in which a ledger can disagree with a chain, as a list: an empty one is agreement to the lamport."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from memesnipe.chain.programs import WRAPPED_SOL_MINT
from memesnipe.reconcile.books import Books, Row
from memesnipe.reconcile.movements import Movement
from memesnipe.reconcile.rebuild import Rebuilt, rebuild

ABSENT = "absent"
SOL = ""
"""How wallet_transfers spells SOL in its mint column."""


class Difference(msgspec.Struct, frozen=True):
    """One disagreement: which row or balance, which field, and both words on it."""

    subject: str
    field: str
    ledger: int | str
    chain: int | str


class Wallet(msgspec.Struct, frozen=True):
    """The chain's word: every movement, oldest first, and the balances of now (wrapped SOL is among the tokens)."""

    movements: Sequence[Movement]
    lamports: int
    tokens: Mapping[str, int]


def compare(books: Books, wallet: Wallet) -> list[Difference]:
    """Return every difference, rows first, then positions, then balances."""
    chain = {movement.signature: movement for movement in wallet.movements}
    parts = (_missing(books, chain), _doubled(books), _fills(books, chain), _transfers(books, chain), _positions(books, chain))
    return [difference for part in (*parts, _balances(books, wallet)) for difference in part]


def _missing(books: Books, chain: Mapping[str, Movement]) -> Iterator[Difference]:
    known = {row["signature"] for row in (*books.fills, *books.transfers)}
    for signature, movement in chain.items():
        if signature not in known and (movement.sol_delta or movement.tokens):
            yield Difference(signature, "row", ABSENT, "landed")


def _doubled(books: Books) -> Iterator[Difference]:
    fills = Counter(row["signature"] for row in books.fills)
    fills.update({row["signature"] for row in books.transfers})
    moved = Counter((row["signature"], row["mint"]) for row in books.transfers)
    attempts = Counter((row["intent_id"], row["attempt"]) for row in books.fills)
    for count, subject, field in (
        *((count, signature, "rows") for signature, count in fills.items()),
        *((count, signature, f"transfer rows of {mint or 'SOL'}") for (signature, mint), count in moved.items()),
        *((count, f"{intent}:{attempt}", "rows of one attempt") for (intent, attempt), count in attempts.items()),
    ):
        if count > 1:
            yield Difference(subject, field, count, 1)


def _fills(books: Books, chain: Mapping[str, Movement]) -> Iterator[Difference]:
    for row in books.fills:
        movement = chain.get(row["signature"])
        if movement is None:
            yield Difference(row["signature"], "row", row["status"], ABSENT)
        else:
            yield from _fill(row, movement)


def _fill(row: Row, movement: Movement) -> Iterator[Difference]:
    told: dict[str, tuple[int | str, int | str]] = {
        "status": (row["status"], "failed" if movement.failed else "filled"),
        "slot": (row["slot"], movement.slot),
        "sol_delta_lamports": (row["sol_delta_lamports"], movement.sol_delta),
        "token_delta_units": (row["token_delta_units"], movement.tokens.get(row["mint"], 0)),
        "fee_lamports": (row["fee_lamports"], movement.fee),
        "tip_lamports": (row["tip_lamports"], movement.tip),
        "rent_lamports": (row["rent_lamports"], movement.rent),
    }
    for field, (ledger, real) in told.items():
        if ledger != real:
            yield Difference(row["signature"], field, ledger, real)
    for mint, units in movement.tokens.items():
        if mint != row["mint"]:
            yield Difference(row["signature"], f"token {mint}", 0, units)


def _transfers(books: Books, chain: Mapping[str, Movement]) -> Iterator[Difference]:
    rows: dict[str, dict[str, int]] = {}
    for row in books.transfers:
        rows.setdefault(row["signature"], {})[row["mint"]] = row["delta"]
    for signature, deltas in rows.items():
        movement = chain.get(signature)
        real = {} if movement is None else {**({SOL: movement.sol_delta} if movement.sol_delta else {}), **movement.tokens}
        for mint in sorted({*deltas, *real}):
            if deltas.get(mint, 0) != real.get(mint, 0) or movement is None:
                yield Difference(signature, f"transfer of {mint or 'SOL'}", deltas.get(mint, 0), real.get(mint, 0))


def _positions(books: Books, chain: Mapping[str, Movement]) -> Iterator[Difference]:
    rebuilt = rebuild(books.fills, chain)
    rows = {(row["strategy"], row["mint"]): row for row in books.positions}
    for holder in sorted({*rebuilt, *rows}):
        row, real = rows.get(holder), rebuilt.get(holder, Rebuilt())
        for field in Rebuilt.__struct_fields__:
            ledger = row[field] if row is not None else 0
            if ledger != getattr(real, field):
                yield Difference("/".join(holder), field, ledger, getattr(real, field))


def _balances(books: Books, wallet: Wallet) -> Iterator[Difference]:
    """The sum of all rows must be what the wallet holds now: what neither fills nor transfers explain shows up here."""
    lamports = sum(row["sol_delta_lamports"] for row in books.fills) + sum(row["delta"] for row in books.transfers if row["mint"] == SOL)
    held = wallet.lamports + wallet.tokens.get(WRAPPED_SOL_MINT, 0)
    if lamports != held:
        yield Difference("wallet", "lamports", lamports, held)
    units: Counter[str] = Counter()
    for row in books.fills:
        units[row["mint"]] += row["token_delta_units"]
    for row in books.transfers:
        units[row["mint"]] += row["delta"] if row["mint"] != SOL else 0
    for mint in sorted({*units, *wallet.tokens} - {SOL, WRAPPED_SOL_MINT}):
        if units[mint] != wallet.tokens.get(mint, 0):
            yield Difference("wallet", mint, units[mint], wallet.tokens.get(mint, 0))
