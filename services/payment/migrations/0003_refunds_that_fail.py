"""A refund may fail, and be sent again."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BLOCKS_DOWNGRADE = {
    "refunds that failed are tried again under other keys":
        "refund WHERE attempt > 1 AND status IN ('requested', 'failed')",
}


def upgrade() -> None:
    op.add_column("refund", sa.Column("attempt", sa.SmallInteger(), nullable=False, server_default="1"))
    op.alter_column("refund", "attempt", existing_type=sa.SmallInteger(), nullable=False, server_default=None)


def downgrade() -> None:
    op.drop_column("refund", "attempt")
