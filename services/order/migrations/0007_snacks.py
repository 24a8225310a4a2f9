"""Orders have snacks, know how far the kitchen is, and are completed when their screening is over."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.mysql import DATETIME

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

BLOCKS_DOWNGRADE = {
    "orders have snacks": "orders WHERE snacks <> '[]'",
}


def upgrade() -> None:
    op.add_column("orders", sa.Column("snacks", sa.Text(), nullable=False))
    op.execute("UPDATE orders SET snacks = '[]'")
    op.add_column("orders", sa.Column("cinema_id", sa.String(64)))
    op.add_column("orders", sa.Column("ends_at", DATETIME(fsp=3)))
    # Nobody has noted it until now; no film of ours is longer.
    op.execute("UPDATE orders SET ends_at = starts_at + INTERVAL 4 HOUR")
    op.alter_column("orders", "ends_at", existing_type=DATETIME(fsp=3), nullable=False)
    op.add_column("orders", sa.Column("kitchen_status", sa.String(16)))
    op.add_column("orders", sa.Column("kitchen_sequence", sa.Integer(), nullable=False, server_default="0"))
    op.execute("ALTER TABLE orders ALTER kitchen_sequence DROP DEFAULT")
    op.add_column("orders", sa.Column("pick_up_code", sa.String(8)))
    op.add_column("orders", sa.Column("needed_at", DATETIME(fsp=3)))
    op.create_index("orders_by_end", "orders", ["status", "ends_at"])
    op.alter_column("refund", "refund_id", existing_type=sa.String(32), type_=sa.String(64), existing_nullable=False)


def downgrade() -> None:
    op.alter_column("refund", "refund_id", existing_type=sa.String(64), type_=sa.String(32), existing_nullable=False)
    op.drop_index("orders_by_end", "orders")
    for column in ("needed_at", "pick_up_code", "kitchen_sequence", "kitchen_status", "ends_at", "cinema_id", "snacks"):
        op.drop_column("orders", column)
