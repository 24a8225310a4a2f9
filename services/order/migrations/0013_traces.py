"""Refunds keep the trace of what made them due, so that sending them again joins it."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("refund", sa.Column("traceparent", sa.String(64, collation="ascii_bin"), nullable=True))


def downgrade() -> None:
    op.drop_column("refund", "traceparent")
