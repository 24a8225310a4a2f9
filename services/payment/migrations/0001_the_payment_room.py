"""the payment room"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

BLOCKS_DOWNGRADE = {
    "payments would be lost": "account",
}


def an_id() -> sa.String:
    return sa.String(64, collation="ascii_bin")


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("order_id", an_id(), primary_key=True),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("amount", sa.BigInteger()),
        sa.Column("currency", sa.String(3)),
        sa.Column("captured_payment_id", an_id(), unique=True),
        sa.Column("refunded", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", mysql.DATETIME(fsp=3), nullable=False),
        sa.CheckConstraint("status IN ('open', 'closed', 'captured')", name="account_status"),
        sa.CheckConstraint("(status = 'captured') = (captured_payment_id IS NOT NULL)", name="captured_by_a_payment"),
        sa.CheckConstraint("refunded BETWEEN 0 AND IF(status = 'captured', amount, 0)",
                           name="refunded_within_captured"),
    )
    op.create_table(
        "payment",
        sa.Column("payment_id", an_id(), primary_key=True),
        sa.Column("order_id", an_id(), sa.ForeignKey("account.order_id"), nullable=False),
        sa.Column("attempt", sa.SmallInteger(), nullable=False),
        sa.Column("provider", sa.String(32), nullable=False),
        sa.Column("method", sa.String(32), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("created_at", mysql.DATETIME(fsp=3), nullable=False),
        sa.Column("tried_at", mysql.DATETIME(fsp=3), nullable=False),
        sa.UniqueConstraint("order_id", "attempt", name="numbered_attempts"),
        sa.Index("payments_to_finish", "status", "tried_at"),
    )
    op.create_table(
        "refund",
        sa.Column("refund_id", an_id(), primary_key=True),
        sa.Column("order_id", an_id(), sa.ForeignKey("account.order_id"), nullable=False, index=True),
        sa.Column("payment_id", an_id(), sa.ForeignKey("payment.payment_id"), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("created_at", mysql.DATETIME(fsp=3), nullable=False),
        sa.Column("tried_at", mysql.DATETIME(fsp=3), nullable=False),
        sa.Index("refunds_to_finish", "status", "tried_at"),
    )
    op.create_table(
        "sandbox_charge",
        sa.Column("payment_id", an_id(), primary_key=True),
        sa.Column("order_id", an_id(), nullable=False, index=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("refunded", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("refunded BETWEEN 0 AND amount", name="bank_keeps_its_money"),
    )
    op.create_table(
        "sandbox_refund",
        sa.Column("refund_id", an_id(), primary_key=True),
        sa.Column("payment_id", an_id(), nullable=False, index=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "sandbox_instruction",
        sa.Column("order_id", an_id(), primary_key=True),
        sa.Column("trouble", sa.String(16), primary_key=True),
        sa.Column("times", sa.BigInteger(), nullable=False),
    )


def downgrade() -> None:
    for table in ("sandbox_instruction", "sandbox_refund", "sandbox_charge", "refund", "payment", "account"):
        op.drop_table(table)
