"""Import of recorded pump.fun trades (`memesnipe import pumpfun-csv IN OUT`): rows in any order -> a recording in the order they happened.

The rows carry no order of their own, but each states the curve's virtual reserves after it, so the trades of a token chain by state
(`chains`). Each quote and fee is recomputed from the reserves the row BEFORE it left, in integers; what differs is listed, and so is
every break of the chain and every row that cannot be used. rows = trades + rejects, trades = checked + breaks: nothing is lost silently.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from memesnipe.kernel.clock import NS_PER_S
from memesnipe.kernel.ids import derive
from memesnipe.market import recording
from memesnipe.market.chains import Break, Chain, chain, merge
from memesnipe.market.curves import PUMPFUN, PUMPFUN_START_BASE_UNITS, PUMPFUN_START_QUOTE_LAMPORTS, Pool, buy_quote, fee, sell_exact_in
from memesnipe.market.pumpfun_rows import Reject, Row, State, load
from memesnipe.messages.bounds import Side
from memesnipe.messages.market import Launch, MarketEvent, PriceTick

DECIMALS = 6
START = State(PUMPFUN_START_QUOTE_LAMPORTS, PUMPFUN_START_BASE_UNITS)
TOKEN_PROGRAM = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA"  # noqa: S105 - a program's address, not a secret


class Mismatch(msgspec.Struct, frozen=True):
    """A recorded number that does not follow from the state before it."""

    token: str
    signature: str
    field: str
    expected: int
    found: int


class ImportReport(msgspec.Struct, frozen=True):
    """What an import did, every row accounted for."""

    source_sha256: str
    rows: int
    trades: int
    tokens: int
    launches: int
    checked: int
    exact: int
    breaks: tuple[Break, ...]
    mismatches: tuple[Mismatch, ...]
    rejects: tuple[Reject, ...]


def convert(csv_path: Path, out: Path) -> ImportReport:
    """Write the recording `out`, the report in its metadata, and return the report. Raises BadInput when the file is no such CSV at all."""
    rows, rejects = load(csv_path)
    chains = [chain(token, held, START) for token, held in sorted(_by_token(rows).items())]
    events = list(_events(merge(chains)))
    report = _report(recording.sha256_of(csv_path), rows, rejects, chains, events)
    metadata = {"source": "pumpfun-csv", "source_sha256": report.source_sha256, recording.IMPORT_REPORT: render(report)}
    recording.write(out, events, metadata)
    return report


def _report(
    digest: str, rows: Sequence[Row], rejects: Sequence[Reject], chains: Sequence[Chain], events: Sequence[MarketEvent]
) -> ImportReport:
    checks = [differences for one in chains for differences in _verify(one)]
    return ImportReport(
        source_sha256=digest,
        rows=len(rows) + len(rejects),
        trades=len(rows),
        tokens=len(chains),
        launches=sum(isinstance(event, Launch) for event in events),
        checked=len(checks),
        exact=sum(not differences for differences in checks),
        breaks=tuple(found for one in chains for found in one.breaks),
        mismatches=tuple(found for differences in checks for found in differences),
        rejects=tuple(rejects),
    )


def render(report: ImportReport) -> str:
    """Return the report as text for a person."""
    lines = [
        f"rows {report.rows}: trades {report.trades}, rejects {len(report.rejects)}",
        f"tokens {report.tokens}, launches derived {report.launches}",
        f"quotes and fees from the previous row's reserves: checked {report.checked}, exact {report.exact}",
        f"breaks of the chain of states: {len(report.breaks)}{_heads(report.breaks)}",
        *(
            f"  {b.token} slot {b.slot} {b.signature}: expected {tuple(b.expected)}, found {tuple(b.found)} (lamports, base units)"
            for b in report.breaks
        ),
        f"mismatches: {len(report.mismatches)}",
        *(f"  {m.token} {m.signature} {m.field}: expected {m.expected}, found {m.found}" for m in report.mismatches),
        *(f"  line {r.line} rejected: {r.field}: {r.reason}" for r in report.rejects),
        f"source sha256 {report.source_sha256}",
    ]
    return "\n".join(lines)


def _heads(breaks: Iterable[Break]) -> str:
    """Say which tokens have more than one chain head: one at the start, one more after each break."""
    heads = Counter(found.token for found in breaks)
    return "".join(f"; {token} has {count + 1} chain heads" for token, count in sorted(heads.items()))


def _by_token(rows: Iterable[Row]) -> dict[str, list[Row]]:
    tokens: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        tokens[row.token_address].append(row)
    return tokens


def _verify(one: Chain) -> Iterator[list[Mismatch]]:
    """Yield, for each row whose previous state is known, what differs from the recomputation."""
    broken = {found.signature for found in one.breaks}
    reached = START
    for row in one.rows:
        if row.transaction_signature not in broken or row.before == reached:
            yield _differences(row, reached)
        reached = row.after


def _differences(row: Row, reached: State) -> list[Mismatch]:
    pool = Pool(PUMPFUN, reached.quote_lamports, reached.base_units, row.fee_basis_points, row.creator_fee_basis_points)
    quote = buy_quote(pool, row.amount_in_token) if row.is_buy else sell_exact_in(pool, row.amount_in_token).gross
    expected = {
        "amount_in_sol": quote,
        "fee_amount": fee(quote, row.fee_basis_points),
        "creator_fee_amount": fee(quote, row.creator_fee_basis_points),
    }
    return [
        Mismatch(row.token_address, row.transaction_signature, name, value, getattr(row, name))
        for name, value in expected.items()
        if value != getattr(row, name)
    ]


def _events(rows: Iterable[Row]) -> Iterator[MarketEvent]:
    """Yield each token's launch before its first trade, then its trades. A token first seen in mid-life was not launched here."""
    launched: set[str] = set()
    ordinals: Counter[str] = Counter()
    for row in rows:
        if row.token_address not in launched and row.before == START:
            launched.add(row.token_address)
            yield _launch(row)
        yield _tick(row, ordinals[row.transaction_signature])
        ordinals[row.transaction_signature] += 1


def _tick(row: Row, ordinal: int) -> PriceTick:
    return PriceTick(
        event_id=derive("trade", row.transaction_signature, ordinal),
        time_ns=row.block_time * NS_PER_S,
        slot=row.block_num,
        mint=row.token_address,
        venue=PUMPFUN,
        quote_lamports=row.virtual_sol_reserves,
        base_units=row.virtual_token_reserves,
        decimals=DECIMALS,
        trade_side=Side.BUY if row.is_buy else Side.SELL,
        trade_lamports=row.amount_in_sol,
        trade_units=row.amount_in_token,
        fee_bps=row.fee_basis_points + row.creator_fee_basis_points,
    )


def _launch(first: Row) -> Launch:
    """The token's first state. The checks are what the program's `create` did to every mint of that time, not looked up:

    an SPL Token mint without extensions, mint authority given up, no freeze authority, the whole supply on the curve, which always buys
    back. Names and the creator's history are not in the record and stay unknown.
    """
    return Launch(
        event_id=derive("launch", first.token_address),
        time_ns=first.block_time * NS_PER_S,
        slot=first.block_num,
        mint=first.token_address,
        creator=first.creator_address,
        venue=PUMPFUN,
        symbol="",
        name="",
        decimals=DECIMALS,
        quote_lamports=first.before.quote_lamports,
        base_units=first.before.base_units,
        token_program=TOKEN_PROGRAM,
        mint_authority_revoked=True,
        freeze_authority_revoked=True,
        extensions=(),
        top_holder_bps=0,
        sell_route_ok=True,
    )
