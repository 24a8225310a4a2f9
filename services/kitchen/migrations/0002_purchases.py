"""A reservation knows which purchase it is for: copies of one request are no rivals."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("ticket", sa.Column("purchase", sa.String(64, collation="utf8mb4_bin")))
    op.create_index("ix_ticket_purchase", "ticket", ["purchase"])


def downgrade() -> None:
    op.drop_index("ix_ticket_purchase", "ticket")
    op.drop_column("ticket", "purchase")
