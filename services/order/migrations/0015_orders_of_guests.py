"""Guests buy without an account, until an account adopts their orders."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

BLOCKS_DOWNGRADE = {
    "orders belong to guests": "orders WHERE guest",
}


def upgrade() -> None:
    op.add_column("orders", sa.Column("guest", sa.Boolean, nullable=False, server_default="0"))
    op.create_table(
        "guest",
        sa.Column("guest_id", sa.String(64, collation="utf8mb4_bin"), primary_key=True),
        sa.Column("adopted_by", sa.String(64, collation="utf8mb4_bin"), nullable=True),
    )


def downgrade() -> None:
    op.drop_table("guest")
    op.drop_column("orders", "guest")
