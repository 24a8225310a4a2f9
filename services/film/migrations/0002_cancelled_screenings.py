"""A screening can be cancelled."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.mysql import DATETIME

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BLOCKS_DOWNGRADE = {
    "cancelled screenings would be for sale again": "screening WHERE cancelled_at IS NOT NULL",
}


def upgrade() -> None:
    op.add_column("screening", sa.Column("cancelled_at", DATETIME(fsp=3), nullable=True))


def downgrade() -> None:
    op.drop_column("screening", "cancelled_at")
