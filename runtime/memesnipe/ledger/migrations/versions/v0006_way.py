"""Expand: how each order got to its fill or its refusal, hop by hop."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add a column that may be empty; the previous release does not know it and writes on as before."""
    for table in ("fills", "rejections"):
        op.add_column(table, sa.Column("way", sa.String))


def downgrade() -> None:
    """Not offered: a ledger is never thrown away by a migration."""
    raise NotImplementedError("restore a backup instead")
