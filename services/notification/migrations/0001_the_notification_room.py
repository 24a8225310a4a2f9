"""The notification room: messages to send, and the events taken."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

BLOCKS_DOWNGRADE = {
    "messages wait to be sent": "message WHERE status = 'waiting'",
}


def upgrade() -> None:
    op.create_table(
        "inbox",
        sa.Column("consumer", sa.String(128), primary_key=True),
        sa.Column("event_id", sa.String(64), primary_key=True),
        sa.Column("taken_at", mysql.DATETIME(fsp=3), nullable=False, index=True),
    )
    op.create_table(
        "message",
        sa.Column("message_id", sa.String(32), primary_key=True),
        sa.Column("event_id", sa.String(64), nullable=False, index=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("order_id", sa.String(64), nullable=False),
        sa.Column("buyer_id", sa.String(64), nullable=False),
        sa.Column("facts", mysql.MEDIUMBLOB(), nullable=False),
        sa.Column("occurred_at", mysql.DATETIME(fsp=3), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("tries", sa.SmallInteger(), nullable=False),
        sa.Column("due_at", mysql.DATETIME(fsp=3), nullable=False),
        sa.Column("error", sa.String(200)),
        sa.Column("changed_at", mysql.DATETIME(fsp=3), nullable=False, index=True),
    )
    op.create_index("messages_by_turn", "message", ["status", "due_at"])


def downgrade() -> None:
    for table in ("message", "inbox"):
        op.drop_table(table)
