"""Which screenings were cancelled."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.mysql import DATETIME

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

BLOCKS_DOWNGRADE = {
    "cancelled screenings would be for sale again": "cancelled_screening",
}


def upgrade() -> None:
    op.create_table(
        "cancelled_screening",
        sa.Column("screening_id", sa.String(64), primary_key=True),
        sa.Column("cancelled_by", sa.String(64), nullable=False),
        sa.Column("cancelled_at", DATETIME(fsp=3), nullable=False),
    )
    op.create_index("ix_cancelled_screening_cancelled_at", "cancelled_screening", ["cancelled_at"])


def downgrade() -> None:
    op.drop_table("cancelled_screening")
