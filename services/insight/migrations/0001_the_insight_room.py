"""The insight room: spans, traces, and the traffic between rooms."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

BLOB = sa.LargeBinary().with_variant(mysql.MEDIUMBLOB(), "mysql", "mariadb")


def name(length: int = 64) -> sa.String:
    return sa.String(length=length, collation="utf8mb4_bin")


def hex_id(length: int) -> sa.String:
    return sa.String(length=length, collation="ascii_bin")


def moment() -> mysql.DATETIME:
    return mysql.DATETIME(fsp=3)


def upgrade() -> None:
    op.create_table(
        "trace",
        sa.Column("trace_id", hex_id(32), nullable=False),
        sa.Column("name", name(120), nullable=False),
        sa.Column("room", name(), nullable=False),
        sa.Column("duration", sa.BigInteger(), nullable=False),
        sa.Column("status_code", sa.SmallInteger(), nullable=True),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=False),
        sa.Column("spans", sa.Integer(), nullable=False),
        sa.Column("errors", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("trace_id"),
    )
    op.create_index("traces_by_time", "trace", ["started_at", "trace_id"])
    op.create_table(
        "span",
        sa.Column("trace_id", hex_id(32), nullable=False),
        sa.Column("span_id", hex_id(16), nullable=False),
        sa.Column("parent_id", hex_id(16), nullable=True),
        sa.Column("room", name(), nullable=False),
        sa.Column("instance", name(128), nullable=False),
        sa.Column("name", name(120), nullable=False),
        sa.Column("kind", name(16), nullable=False),
        sa.Column("peer", name(), nullable=True),
        sa.Column("status", name(16), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("duration", sa.BigInteger(), nullable=False),
        sa.Column("request_id", name(), nullable=True),
        sa.Column("order_id", name(), nullable=True),
        sa.Column("details", BLOB, nullable=False),
        sa.PrimaryKeyConstraint("trace_id", "span_id"),
    )
    op.create_index("rooms_of_a_trace", "span", ["trace_id", "room"])
    op.create_index("peers_of_a_trace", "span", ["trace_id", "peer"])
    op.create_index("names_of_a_trace", "span", ["trace_id", "name"])
    op.create_index(op.f("ix_span_request_id"), "span", ["request_id"])
    op.create_index(op.f("ix_span_order_id"), "span", ["order_id"])
    op.create_table(
        "link",
        sa.Column("trace_id", hex_id(32), nullable=False),
        sa.Column("linked_id", hex_id(32), nullable=False),
        sa.PrimaryKeyConstraint("trace_id", "linked_id"),
    )
    op.create_index(op.f("ix_link_linked_id"), "link", ["linked_id"])
    op.create_table(
        "traffic",
        sa.Column("minute", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("caller", name(), nullable=False),
        sa.Column("callee", name(), nullable=False),
        sa.Column("bucket", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.Column("errors", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("minute", "caller", "callee", "bucket"),
    )
    op.create_table(
        "arrival",
        sa.Column("minute", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("room", name(), nullable=False),
        sa.Column("instance", name(128), nullable=False),
        sa.Column("spans", sa.BigInteger(), nullable=False),
        sa.Column("dropped", sa.BigInteger(), nullable=False),
        sa.Column("last_seen_at", moment(), nullable=False),
        sa.PrimaryKeyConstraint("minute", "room", "instance"),
    )


def downgrade() -> None:
    for table in ("arrival", "traffic", "link", "span", "trace"):
        op.drop_table(table)
