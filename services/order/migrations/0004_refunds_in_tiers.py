"""Refund policies have tiers; a refund knows what was kept, and why it was made."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BLOCKS_DOWNGRADE = {
    "orders were promised a refund in tiers":
        "orders WHERE JSON_LENGTH(refund_tiers) <> 1 OR JSON_VALUE(refund_tiers, '$[0].percent') <> 100 OR "
        "JSON_VALUE(refund_tiers, '$[0].fee') <> 0",
    "refunds have kept a fee": "refund WHERE kept > 0",
}


def upgrade() -> None:
    op.add_column("orders", sa.Column("refund_tiers", sa.Text(), nullable=False))
    # The policy until now: everything until a moment, nothing after.
    op.execute(
        "UPDATE orders SET refund_tiers = JSON_ARRAY(JSON_OBJECT('until', "
        "DATE_FORMAT(refund_until, '%Y-%m-%dT%H:%i:%s+00:00'), 'percent', 100, 'fee', 0))"
    )
    op.drop_column("orders", "refund_until")
    op.add_column("refund", sa.Column("kept", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("refund", sa.Column("reason", sa.String(24), nullable=False, server_default="asked"))
    op.execute("UPDATE refund SET reason = 'paid_late' WHERE refund_id = order_id")
    op.alter_column("refund", "kept", existing_type=sa.Integer(), existing_nullable=False, server_default=None)
    op.alter_column("refund", "reason", existing_type=sa.String(24), existing_nullable=False, server_default=None)


def downgrade() -> None:
    op.drop_column("refund", "reason")
    op.drop_column("refund", "kept")
    op.add_column("orders", sa.Column("refund_until", sa.dialects.mysql.DATETIME(fsp=3), nullable=True))
    op.execute("UPDATE orders SET refund_until = "
               "CAST(REPLACE(LEFT(JSON_VALUE(refund_tiers, '$[0].until'), 19), 'T', ' ') AS DATETIME(3))")
    op.alter_column("orders", "refund_until", existing_type=sa.dialects.mysql.DATETIME(fsp=3), nullable=False)
    op.drop_column("orders", "refund_tiers")
