"""Guests buy without an account: their tokens, the links mailed to them, and the account that adopts what is theirs."""

import sqlalchemy as sa
from alembic import op

from services.foundation.column_types import UtcDateTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

BLOCKS_DOWNGRADE = {
    "guests have orders that nobody could open any more": "guest WHERE adopted_by IS NULL AND email IS NOT NULL",
}


def name(length: int) -> sa.String:
    return sa.String(length, collation="ascii_bin")


def upgrade() -> None:
    op.create_table(
        "guest",
        sa.Column("guest_id", name(32), primary_key=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("kept_until", UtcDateTime(), nullable=False, index=True),
        sa.Column("email", sa.String(254), nullable=True),
        sa.Column("email_confirmed_at", UtcDateTime(), nullable=True),
        sa.Column("adopted_by", name(32), nullable=True),
        sa.Column("events", sa.Integer, nullable=False),
    )
    op.create_table(
        "guest_token",
        sa.Column("token_id", name(64), primary_key=True),
        sa.Column("guest_id", name(32), sa.ForeignKey("guest.guest_id"), nullable=False, index=True),
        sa.Column("expires_at", UtcDateTime(), nullable=False, index=True),
    )
    op.create_table(
        "order_link",
        sa.Column("token_id", name(64), primary_key=True),
        sa.Column("guest_id", name(32), sa.ForeignKey("guest.guest_id"), nullable=False, index=True),
        sa.Column("order_id", name(32), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False, index=True),
        sa.Column("used_at", UtcDateTime(), nullable=True),
    )


def downgrade() -> None:
    for table in ("order_link", "guest_token", "guest"):
        op.drop_table(table)
