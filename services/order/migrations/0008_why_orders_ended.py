"""An order says why it ended."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("orders", sa.Column("end_reason", sa.String(24)))
    # Of orders that were cancelled unpaid, nobody has noted it until now.
    op.execute("""
        UPDATE orders JOIN refund USING (order_id) SET end_reason = reason
        WHERE orders.status IN ('refunding', 'refunded') OR reason = 'paid_late'""")


def downgrade() -> None:
    op.drop_column("orders", "end_reason")
