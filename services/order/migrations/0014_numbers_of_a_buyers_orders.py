"""New orders are numbered by buyer, so that no race gets a buyer more unpaid seats than the house allows."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("orders", sa.Column("buyer_number", sa.Integer, nullable=True))
    op.create_unique_constraint("one_order_a_number", "orders", ["buyer_id", "buyer_number"])


def downgrade() -> None:
    op.drop_constraint("one_order_a_number", "orders", type_="unique")
    op.drop_column("orders", "buyer_number")
