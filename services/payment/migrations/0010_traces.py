"""Payments, webhooks and the sandbox's charges keep their trace, so that work that follows later joins it."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TABLES = ("payment", "webhook_inbox", "sandbox_charge", "sandbox_webhook")


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column("traceparent", sa.String(64, collation="ascii_bin"), nullable=True))


def downgrade() -> None:
    for table in TABLES:
        op.drop_column(table, "traceparent")
