"""Orders and refunds keep the trace of what made them, so that later work on them joins it."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("orders", "refund"):
        op.add_column(table, sa.Column("traceparent", sa.String(64, collation="ascii_bin"), nullable=True))


def downgrade() -> None:
    for table in ("orders", "refund"):
        op.drop_column(table, "traceparent")
