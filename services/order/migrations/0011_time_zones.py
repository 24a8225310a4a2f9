"""The time zone of an order's cinema."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("orders", sa.Column("time_zone", sa.String(64, collation="utf8mb4_bin"), nullable=True))


def downgrade() -> None:
    op.drop_column("orders", "time_zone")
