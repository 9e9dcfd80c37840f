"""Expand: what was decided on capital and on going live, with what it depended on."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add a table; the previous release does not know it and writes on as before."""
    op.create_table(
        "decisions",
        *(sa.Column(name, sa.String, nullable=False) for name in ("kind", "id", "subject")),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("version", "time_ns")),
        *(sa.Column(name, sa.String, nullable=False) for name in ("label", "reason", "outcome", "inputs_hash")),
        sa.Column("inputs", sa.LargeBinary, nullable=False),
        sa.Column("made_with", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("kind", "id"),
    )
    op.create_index("decisions_by_time", "decisions", ["kind", "time_ns"])


def downgrade() -> None:
    """Not offered: a ledger is never thrown away by a migration."""
    raise NotImplementedError("restore a backup instead")
