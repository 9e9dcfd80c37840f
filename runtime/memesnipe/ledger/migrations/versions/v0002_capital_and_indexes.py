"""Expand: equity rows tell the capital they stand on; indexes for the page's and the checker's reads."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

INDEXES = {
    "fills_by_position": ("fills", ["strategy", "mode", "mint"]),
    "fills_by_time": ("fills", ["time_ns"]),
    "fills_by_intent": ("fills", ["intent_id"]),
    "rejections_by_time": ("rejections", ["time_ns"]),
    "trades_by_strategy": ("trades", ["strategy", "mode", "closed_ns"]),
    "equity_by_scope": ("equity", ["scope", "mode", "time_ns"]),
}


def upgrade() -> None:
    """Add a column with a default, so that the previous release still reads and writes this table."""
    op.add_column("equity", sa.Column("capital_lamports", sa.BigInteger, nullable=False, server_default="0"))
    for name, (table, columns) in INDEXES.items():
        op.create_index(name, table, columns)


def downgrade() -> None:
    """Not offered: a ledger is never thrown away by a migration."""
    raise NotImplementedError("restore a backup instead")
