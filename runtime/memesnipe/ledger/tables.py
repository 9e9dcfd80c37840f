"""The ledger's tables as typed SQLAlchemy Core. Lamports and token units are 64-bit integers, times are nanoseconds.

A change of a column here needs a migration beside it in `migrations/versions`: expand first, contract a release later.
"""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, String, Table

metadata = MetaData()


def _text(name: str, *, key: bool = False) -> Column[str]:
    return Column(name, String, primary_key=key, nullable=False)


def _amount(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False)


def _way() -> Column[str]:
    """How the order got there (`messages.way.Way`), a JSON object; NULL where whoever said it did not carry it."""
    return Column("way", String)


FILLS = Table(
    "fills",
    metadata,
    _text("signature", key=True),
    _text("intent_id"),
    _text("strategy"),
    _text("mode"),
    Column("attempt", Integer, nullable=False),
    _text("status"),
    _text("side"),
    _text("mint"),
    _amount("slot"),
    _amount("time_ns"),
    _amount("sol_delta_lamports"),
    _amount("token_delta_units"),
    _amount("fee_lamports"),
    _amount("tip_lamports"),
    _amount("rent_lamports"),
    _amount("venue_fee_lamports"),
    _amount("quoted_out"),
    _amount("intent_time_ns"),
    Column("decimals", Integer, nullable=False),
    _text("exit_cause"),
    _text("error"),
    _way(),
    Index("fills_by_position", "strategy", "mode", "mint"),
    Index("fills_by_time", "time_ns"),
    Index("fills_by_intent", "intent_id"),
)
"""One row for each transaction that landed (or was filled on paper); changed only where `finality` says so."""

REJECTIONS = Table(
    "rejections",
    metadata,
    _text("intent_id", key=True),
    _text("stage", key=True),
    _text("strategy"),
    _text("reason"),
    _text("detail"),
    _amount("time_ns"),
    _text("mint"),
    _text("side"),
    _way(),
    Index("rejections_by_time", "time_ns"),
)

POSITIONS = Table(
    "positions",
    metadata,
    _text("strategy", key=True),
    _text("mode", key=True),
    _text("mint", key=True),
    _amount("units"),
    _amount("cost_lamports"),
    _amount("entry_lamports"),
    _amount("realized_lamports"),
    _amount("fees_lamports"),
    _amount("tips_lamports"),
    _amount("rent_lamports"),
    Column("decimals", Integer, nullable=False),
    Column("fills", Integer, nullable=False),
    _amount("opened_ns"),
    _text("opened_intent_id"),
    _amount("trade_base_lamports"),
    _amount("trade_outlay_lamports"),
    _amount("last_slot"),
    _amount("last_ns"),
    _text("last_signature"),
)
"""The fold of `fills`, changed in the same transaction as the fill that changes it."""

TRADES = Table(
    "trades",
    metadata,
    _text("closed_signature", key=True),
    _text("strategy"),
    _text("mode"),
    _text("mint"),
    _text("opened_intent_id"),
    _text("closed_intent_id"),
    _amount("opened_ns"),
    _amount("closed_ns"),
    _amount("outlay_lamports"),
    _amount("net_lamports"),
    _text("exit_cause"),
    Index("trades_by_strategy", "strategy", "mode", "closed_ns"),
)
"""Round trips, from no units to no units."""

WALLET_TRANSFERS = Table(
    "wallet_transfers",
    metadata,
    _text("signature", key=True),
    _text("mint", key=True),
    _amount("slot"),
    _amount("time_ns"),
    _amount("delta"),
    _amount("fee_lamports"),
    _text("note"),
)
"""What moved in the wallet without an order of ours: deposits, withdrawals, opening balances. `mint` is empty for SOL."""

EQUITY = Table(
    "equity",
    metadata,
    Column("time_ns", BigInteger, primary_key=True, autoincrement=False),
    _text("scope", key=True),
    _text("mode", key=True),
    _amount("equity_lamports"),
    _amount("realized_lamports"),
    _amount("unrealized_lamports"),
    Column("capital_lamports", BigInteger, nullable=False, server_default="0"),
    Index("equity_by_scope", "scope", "mode", "time_ns"),
)
"""equity = capital + realized + unrealized. `scope` is a strategy (whose capital column is 0: its curve starts at nothing) or `*`."""

FINALITY = Table("finality", metadata, _text("signature", key=True), _text("verdict"), _amount("time_ns"), _text("said"))
"""What became of a live fill, said when its block was confirmed, once blocks of its age are final: `final`, `moved` (it landed again in
another block, with that one's numbers) or `undone` (it never did, and is no fill now). `said`: the fill as first told, if amended."""

PAIRS = Table(
    "pairs",
    metadata,
    _text("intent_id", key=True),
    *(_text(name) for name in ("strategy", "mint", "side", "end")),
    *(_amount(name) for name in ("time_ns", "slot", "live_slots", "paper_slots", "slots_max", "size_lamports", "live_lamports")),
    *(Column(name, BigInteger) for name in ("paper_lamports", "there_lamports", "low_lamports", "high_lamports")),
    Column("failure_bps", Integer, nullable=False),
    Index("pairs_by_strategy", "strategy", "time_ns"),
)
"""Each live order beside the same order on paper (`messages.pairs.Pair`), said once and never changed."""

DECISIONS = Table(
    "decisions",
    metadata,
    _text("kind", key=True),
    _text("id", key=True),
    _text("subject"),
    _amount("version"),
    _amount("time_ns"),
    *(_text(name) for name in ("label", "reason", "outcome", "inputs_hash")),
    Column("inputs", LargeBinary, nullable=False),
    _text("made_with"),
    Index("decisions_by_time", "kind", "time_ns"),
)
"""What was decided on capital and on going live (`messages.decisions.Decision`), said once and never changed."""

META = Table("ledger_meta", metadata, _text("name", key=True), _text("value"))
"""Facts about the database itself: who wrote it, how far the wallet's history was walked."""

WALKED_TO = "walked_to"
"""Names the fact how far the wallet's history was walked; its row is the lock that fills and walks take turns by."""
