"""hosted payments and webhooks"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BLOCKS_DOWNGRADE = {
    "payments were made at a provider's page, and could not be refunded": "payment WHERE reference IS NOT NULL",
    "events are not published yet": "outbox WHERE published_at IS NULL",
    "webhooks are not processed yet": "webhook_inbox WHERE handled_at IS NULL",
}


def an_id() -> sa.String:
    return sa.String(64, collation="ascii_bin")


def a_moment() -> mysql.DATETIME:
    return mysql.DATETIME(fsp=3)


def upgrade() -> None:
    for column in (
        sa.Column("reason", sa.String(32)),
        sa.Column("return_url", sa.String(500)),
        sa.Column("expires_at", a_moment()),
        sa.Column("reference", sa.String(255, collation="ascii_bin")),
        sa.Column("redirect_url", sa.String(2000)),
    ):
        op.add_column("payment", column)
    op.create_table(
        "webhook_inbox",
        sa.Column("provider", sa.String(32), primary_key=True),
        sa.Column("event_id", sa.String(255, collation="ascii_bin"), primary_key=True),
        sa.Column("type", sa.String(64), nullable=False),
        sa.Column("payment_id", an_id()),
        sa.Column("received_at", a_moment(), nullable=False),
        sa.Column("due_at", a_moment(), nullable=False),
        sa.Column("tries", sa.BigInteger(), nullable=False),
        sa.Column("handled_at", a_moment()),
        sa.Index("webhooks_to_handle", "handled_at", "due_at"),
    )
    op.create_table(
        "outbox",
        sa.Column("event_id", sa.String(32), primary_key=True),
        sa.Column("type", sa.String(64), nullable=False),
        sa.Column("version", sa.SmallInteger(), nullable=False),
        sa.Column("about", sa.String(64), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("occurred_at", a_moment(), nullable=False),
        sa.Column("trace", mysql.MEDIUMBLOB(), nullable=False),
        sa.Column("body", mysql.MEDIUMBLOB(), nullable=False),
        sa.Column("published_at", a_moment()),
        sa.UniqueConstraint("about", "sequence", name="one_event_a_change"),
        sa.Index("outbox_by_publication", "published_at", "event_id"),
    )
    now = sa.text("UTC_TIMESTAMP(3)")
    for column in (
        sa.Column("reason", sa.String(32)),
        sa.Column("created_at", a_moment(), nullable=False, server_default=now),
        sa.Column("return_url", sa.String(500)),
        sa.Column("expires_at", a_moment()),
        sa.Column("wrong_codes", sa.BigInteger(), nullable=False, server_default="0"),
    ):
        op.add_column("sandbox_charge", column)
    op.create_index("charges_by_time", "sandbox_charge", ["created_at"])
    op.alter_column("sandbox_charge", "created_at", existing_type=a_moment(), nullable=False, server_default=None)
    op.alter_column("sandbox_charge", "wrong_codes", existing_type=sa.BigInteger(), nullable=False,
                    server_default=None)
    op.add_column("sandbox_refund", sa.Column("created_at", a_moment(), nullable=False, server_default=now))
    op.alter_column("sandbox_refund", "created_at", existing_type=a_moment(), nullable=False, server_default=None)
    op.create_table(
        "sandbox_webhook",
        sa.Column("event_id", an_id(), primary_key=True),
        sa.Column("payment_id", an_id(), nullable=False),
        sa.Column("type", sa.String(32), nullable=False),
        sa.Column("created_at", a_moment(), nullable=False),
        sa.Column("copies", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.BigInteger(), nullable=False),
        sa.Column("due_at", a_moment()),
        sa.Index("webhooks_to_bring", "due_at"),
    )
    op.create_table(
        "sandbox_secret",
        sa.Column("secret_id", sa.BigInteger(), primary_key=True, autoincrement=True),
        sa.Column("secret", sa.String(64), nullable=False),
    )


def downgrade() -> None:
    for table in ("outbox", "sandbox_secret", "sandbox_webhook", "webhook_inbox"):
        op.drop_table(table)
    op.drop_column("sandbox_refund", "created_at")
    op.drop_index("charges_by_time", "sandbox_charge")
    for name in ("reason", "created_at", "return_url", "expires_at", "wrong_codes"):
        op.drop_column("sandbox_charge", name)
    for name in ("reason", "return_url", "expires_at", "reference", "redirect_url"):
        op.drop_column("payment", name)
