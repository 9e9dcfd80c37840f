"""Expand: what became of each live fill when its block was final."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add a table; the previous release does not know it and writes on as before."""
    op.create_table(
        "finality",
        *(sa.Column(name, sa.String, nullable=False) for name in ("signature", "verdict")),
        sa.Column("time_ns", sa.BigInteger, nullable=False),
        sa.Column("said", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("signature"),
    )


def downgrade() -> None:
    """Not offered: a ledger is never thrown away by a migration."""
    raise NotImplementedError("restore a backup instead")
