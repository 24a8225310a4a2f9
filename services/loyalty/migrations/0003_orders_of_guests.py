"""Orders of guests earn points once an account adopts them."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BLOCKS_DOWNGRADE = {
    "points of guests' orders wait for an account": "order_points WHERE is_guest AND is_paid",
}


def upgrade() -> None:
    op.add_column("order_points", sa.Column("is_guest", sa.Boolean, nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("order_points", "is_guest")
