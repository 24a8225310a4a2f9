"""Payments know who pays, and a refund may go into a member's wallet."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

BLOCKS_DOWNGRADE = {
    "orders were paid from a wallet, and could not be refunded": "payment WHERE provider = 'wallet'",
    "refunds are on their way into a wallet": "refund WHERE credit_to IS NOT NULL AND status = 'requested'",
}

USER_ID = sa.String(64, collation="utf8mb4_bin")


def upgrade() -> None:
    op.add_column("payment", sa.Column("user_id", USER_ID))
    op.add_column("refund", sa.Column("credit_to", USER_ID))


def downgrade() -> None:
    op.drop_column("refund", "credit_to")
    op.drop_column("payment", "user_id")
