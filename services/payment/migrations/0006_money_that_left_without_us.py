"""Refunds made at the provider by hand, and disputes; messages about a payment that the provider calls by its own name."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

BLOCKS_DOWNGRADE = {
    "money has left without this system, and would go back twice": "reversal",
    "refunds are covered by money that has left": "refund WHERE covered > 0",
}


def an_id() -> sa.String:
    return sa.String(64, collation="ascii_bin")


def upgrade() -> None:
    op.create_table(
        "reversal",
        sa.Column("reversal_id", an_id(), primary_key=True),
        sa.Column("payment_id", an_id(), sa.ForeignKey("payment.payment_id"), nullable=False, index=True),
        sa.Column("order_id", an_id(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("created_at", mysql.DATETIME(fsp=3), nullable=False),
        sa.Index("reversals_to_decide", "status", "created_at"),
    )
    op.add_column("refund", sa.Column("covered", sa.BigInteger(), nullable=False, server_default="0"))
    op.alter_column("refund", "covered", existing_type=sa.BigInteger(), nullable=False, server_default=None)
    op.add_column("webhook_inbox", sa.Column("reference", sa.String(255, collation="ascii_bin")))


def downgrade() -> None:
    op.drop_column("webhook_inbox", "reference")
    op.drop_column("refund", "covered")
    op.drop_table("reversal")
