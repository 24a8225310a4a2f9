"""A refund may go into its buyer's wallet."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

BLOCKS_DOWNGRADE = {
    "refunds are on their way into a wallet": "refund WHERE to_wallet AND status = 'requested'",
}


def upgrade() -> None:
    op.add_column("refund", sa.Column("to_wallet", sa.Boolean, nullable=False, server_default=sa.false()))


def downgrade() -> None:
    op.drop_column("refund", "to_wallet")
