"""The film room has events: it tells what a load has changed."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BLOCKS_DOWNGRADE = {
    "events are not published yet": "outbox WHERE published_at IS NULL",
}


def upgrade() -> None:
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
