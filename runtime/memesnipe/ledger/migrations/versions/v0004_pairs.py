"""Expand: what paper would have made of each live order."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

AMOUNTS = ("time_ns", "slot", "live_slots", "paper_slots", "slots_max", "size_lamports", "live_lamports")


def upgrade() -> None:
    """Add a table; the previous release does not know it and writes on as before."""
    op.create_table(
        "pairs",
        *(sa.Column(name, sa.String, nullable=False) for name in ("intent_id", "strategy", "mint", "side", "end")),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in AMOUNTS),
        *(sa.Column(name, sa.BigInteger) for name in ("paper_lamports", "there_lamports", "low_lamports", "high_lamports")),
        sa.Column("failure_bps", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("intent_id"),
    )
    op.create_index("pairs_by_strategy", "pairs", ["strategy", "time_ns"])


def downgrade() -> None:
    """Not offered: a ledger is never thrown away by a migration."""
    raise NotImplementedError("restore a backup instead")
