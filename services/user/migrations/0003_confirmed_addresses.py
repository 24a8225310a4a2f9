"""Addresses are confirmed by a mailed link. Those given before count as confirmed: tickets were sold on their word."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BLOCKS_DOWNGRADE = {
    "addresses that nobody has confirmed would count as confirmed":
        "user WHERE email IS NOT NULL AND email_confirmed_at IS NULL",
    "events are not published yet": "outbox WHERE published_at IS NULL",
}


def upgrade() -> None:
    op.add_column("user", sa.Column("email_confirmed_at", mysql.DATETIME(fsp=3)))
    op.add_column("user", sa.Column("email_events", sa.Integer(), nullable=False, server_default="0"))
    op.execute("UPDATE user SET email_confirmed_at = UTC_TIMESTAMP(3) WHERE email IS NOT NULL")
    op.create_table(
        "confirmation",
        sa.Column("token_id", sa.String(64, collation="ascii_bin"), primary_key=True),
        sa.Column("user_id", sa.String(32, collation="ascii_bin"), sa.ForeignKey("user.user_id"), nullable=False,
                  index=True),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("expires_at", mysql.DATETIME(fsp=3), nullable=False, index=True),
    )
    op.create_table(
        "outbox",
        sa.Column("event_id", sa.String(32, collation="utf8mb4_bin"), primary_key=True),
        sa.Column("type", sa.String(64), nullable=False),
        sa.Column("version", sa.SmallInteger(), nullable=False),
        sa.Column("about", sa.String(64, collation="utf8mb4_bin"), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("occurred_at", mysql.DATETIME(fsp=3), nullable=False),
        sa.Column("trace", mysql.MEDIUMBLOB(), nullable=False),
        sa.Column("body", mysql.MEDIUMBLOB(), nullable=False),
        sa.Column("published_at", mysql.DATETIME(fsp=3)),
        sa.UniqueConstraint("about", "sequence", name="one_event_a_change"),
    )
    op.create_index("outbox_by_publication", "outbox", ["published_at", "event_id"])


def downgrade() -> None:
    op.drop_table("outbox")
    op.drop_table("confirmation")
    op.drop_column("user", "email_events")
    op.drop_column("user", "email_confirmed_at")
