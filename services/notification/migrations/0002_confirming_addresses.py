"""A message need not be about an order: one asks to confirm an address."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column("message", "order_id", existing_type=sa.String(64), nullable=True)


def downgrade() -> None:
    op.execute("DELETE FROM message WHERE order_id IS NULL")
    op.execute("UPDATE message SET status = 'waiting' WHERE status = 'unconfirmed'")
    op.alter_column("message", "order_id", existing_type=sa.String(64), nullable=False)
