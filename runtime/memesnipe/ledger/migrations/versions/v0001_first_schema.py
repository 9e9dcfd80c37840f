"""First schema: fills, rejections, positions, trades, wallet transfers, equity, meta, and the view of orders."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ORDERS = """
CREATE VIEW orders AS
SELECT intent_id, MIN(event_time_ns) AS event_time_ns, MAX(time_ns) AS time_ns, MIN(strategy) AS strategy, MIN(mint) AS mint,
       MIN(side) AS side, MAX(mode) AS mode, MAX(size_lamports) AS size_lamports, MAX(size_units) AS size_units, MAX(approved) AS approved,
       CASE WHEN MAX(filled) = 1 THEN 'filled' WHEN MAX(reason) <> '' THEN 'rejected' ELSE 'failed' END AS outcome,
       SUM(attempts) AS attempts, MAX(stage) AS stage, MAX(reason) AS reason
FROM (
  SELECT intent_id, intent_time_ns AS event_time_ns, time_ns, strategy, mint, side, mode, ABS(sol_delta_lamports) AS size_lamports,
         ABS(token_delta_units) AS size_units, 1 AS approved, CASE WHEN status = 'filled' THEN 1 ELSE 0 END AS filled,
         1 AS attempts, '' AS stage, '' AS reason FROM fills
  UNION ALL
  SELECT intent_id, NULL, time_ns, strategy, mint, side, '', 0, 0, CASE WHEN stage = 'risk_guardian' THEN 0 ELSE 1 END, 0, 0, stage, reason
  FROM rejections
) AS outcomes GROUP BY intent_id
"""


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String, nullable=False) for name in names]


def _amounts(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger, nullable=False) for name in names]


def _integers(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.Integer, nullable=False) for name in names]


def upgrade() -> None:
    """Create everything."""
    _create_orders()
    _create_positions()
    _create_wallet()
    op.execute(ORDERS)


def _create_orders() -> None:
    op.create_table(
        "fills",
        *_texts("signature", "intent_id", "strategy", "mode"),
        *_integers("attempt"),
        *_texts("status", "side", "mint"),
        *_amounts("slot", "time_ns", "sol_delta_lamports", "token_delta_units", "fee_lamports", "tip_lamports", "rent_lamports"),
        *_amounts("venue_fee_lamports", "quoted_out", "intent_time_ns"),
        *_integers("decimals"),
        *_texts("exit_cause", "error"),
        sa.PrimaryKeyConstraint("signature"),
    )
    op.create_table(
        "rejections",
        *_texts("intent_id", "stage", "strategy", "reason", "detail"),
        *_amounts("time_ns"),
        *_texts("mint", "side"),
        sa.PrimaryKeyConstraint("intent_id", "stage"),
    )


def _create_positions() -> None:
    op.create_table(
        "positions",
        *_texts("strategy", "mode", "mint"),
        *_amounts("units", "cost_lamports", "entry_lamports", "realized_lamports", "fees_lamports", "tips_lamports", "rent_lamports"),
        *_integers("decimals", "fills"),
        *_amounts("opened_ns"),
        *_texts("opened_intent_id"),
        *_amounts("trade_base_lamports", "trade_outlay_lamports", "last_slot", "last_ns"),
        *_texts("last_signature"),
        sa.PrimaryKeyConstraint("strategy", "mode", "mint"),
    )
    op.create_table(
        "trades",
        *_texts("closed_signature", "strategy", "mode", "mint", "opened_intent_id", "closed_intent_id"),
        *_amounts("opened_ns", "closed_ns", "outlay_lamports", "net_lamports"),
        *_texts("exit_cause"),
        sa.PrimaryKeyConstraint("closed_signature"),
    )


def _create_wallet() -> None:
    op.create_table(
        "wallet_transfers",
        *_texts("signature", "mint"),
        *_amounts("slot", "time_ns", "delta", "fee_lamports"),
        *_texts("note"),
        sa.PrimaryKeyConstraint("signature", "mint"),
    )
    op.create_table(
        "equity",
        *_amounts("time_ns"),
        *_texts("scope", "mode"),
        *_amounts("equity_lamports", "realized_lamports", "unrealized_lamports"),
        sa.PrimaryKeyConstraint("time_ns", "scope", "mode"),
    )
    op.create_table("ledger_meta", *_texts("name", "value"), sa.PrimaryKeyConstraint("name"))


def downgrade() -> None:
    """Not offered: a ledger is never thrown away by a migration."""
    raise NotImplementedError("restore a backup instead")
