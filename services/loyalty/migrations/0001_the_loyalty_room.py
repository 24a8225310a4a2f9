"""The loyalty room: points, and the daily check-in."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

BLOCKS_DOWNGRADE = {
    "points would be lost": "member",
}

BLOB = sa.LargeBinary().with_variant(mysql.MEDIUMBLOB(), "mysql", "mariadb")


def name(length: int = 64) -> sa.String:
    return sa.String(length=length, collation="utf8mb4_bin")


def moment() -> mysql.DATETIME:
    return mysql.DATETIME(fsp=3)


def upgrade() -> None:
    op.create_table(
        "member",
        sa.Column("user_id", name(), nullable=False),
        sa.Column("balance", sa.BigInteger(), nullable=False),
        sa.Column("lifetime", sa.BigInteger(), nullable=False),
        sa.Column("time_zone", name(), nullable=True),
        sa.Column("zone_since", moment(), nullable=True),
        sa.Column("has_chosen", sa.Boolean(), nullable=False),
        sa.Column("profile_zone", name(), nullable=True),
        sa.Column("profile_version", sa.BigInteger(), nullable=False),
        sa.Column("cinema_zone", name(), nullable=True),
        sa.Column("bought_at", moment(), nullable=True),
        sa.PrimaryKeyConstraint("user_id"),
    )
    op.create_table(
        "entry",
        sa.Column("entry_id", name(32), nullable=False),
        sa.Column("user_id", name(), nullable=False),
        sa.Column("kind", name(16), nullable=False),
        sa.Column("source_id", name(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("order_id", name(), nullable=True),
        sa.Column("reason", sa.String(length=24), nullable=False),
        sa.Column("occurred_at", moment(), nullable=False),
        sa.PrimaryKeyConstraint("entry_id"),
        sa.UniqueConstraint("source_id", "kind", name="booked_once"),
    )
    op.create_index("entries_of_a_member", "entry", ["user_id", "entry_id"])
    op.create_index(op.f("ix_entry_order_id"), "entry", ["order_id"])
    op.create_table(
        "order_points",
        sa.Column("order_id", name(), nullable=False),
        sa.Column("user_id", name(), nullable=False),
        sa.Column("is_paid", sa.Boolean(), nullable=False),
        sa.Column("refunded_before", sa.BigInteger(), nullable=False),
        sa.Column("seats_amount", sa.BigInteger(), nullable=False),
        sa.Column("seats_refunded", sa.BigInteger(), nullable=False),
        sa.Column("seats_points", sa.Integer(), nullable=False),
        sa.Column("seats_per", sa.Integer(), nullable=False),
        sa.Column("snacks_amount", sa.BigInteger(), nullable=False),
        sa.Column("snacks_refunded", sa.BigInteger(), nullable=False),
        sa.Column("snacks_points", sa.Integer(), nullable=False),
        sa.Column("snacks_per", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("order_id"),
    )
    op.create_table(
        "check_in",
        sa.Column("check_in_id", name(32), nullable=False),
        sa.Column("user_id", name(), nullable=False),
        sa.Column("local_date", sa.Date(), nullable=False),
        sa.Column("time_zone", name(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("streak", sa.Integer(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("checked_in_at", moment(), nullable=False),
        sa.PrimaryKeyConstraint("check_in_id"),
        sa.UniqueConstraint("user_id", "local_date", name="one_check_in_a_day"),
    )
    op.create_table(
        "idempotency_key",
        sa.Column("principal", name(), nullable=False),
        sa.Column("method", name(), nullable=False),
        sa.Column("idempotency_key", sa.String(length=255, collation="ascii_bin"), nullable=False),
        sa.Column("request_digest", name(), nullable=False),
        sa.Column("reply", BLOB, nullable=False),
        sa.Column("answered_at", moment(), nullable=False),
        sa.PrimaryKeyConstraint("principal", "method", "idempotency_key"),
    )
    op.create_index(op.f("ix_idempotency_key_answered_at"), "idempotency_key", ["answered_at"])
    op.create_table(
        "outbox",
        sa.Column("event_id", name(32), nullable=False),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("version", sa.SmallInteger(), nullable=False),
        sa.Column("about", name(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("occurred_at", moment(), nullable=False),
        sa.Column("trace", BLOB, nullable=False),
        sa.Column("body", BLOB, nullable=False),
        sa.Column("published_at", moment(), nullable=True),
        sa.PrimaryKeyConstraint("event_id"),
        sa.UniqueConstraint("about", "sequence", name="one_event_a_change"),
    )
    op.create_index("outbox_by_publication", "outbox", ["published_at", "event_id"])


def downgrade() -> None:
    for table in ("outbox", "idempotency_key", "check_in", "order_points", "entry", "member"):
        op.drop_table(table)
