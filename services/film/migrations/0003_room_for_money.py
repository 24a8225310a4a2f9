"""Money has room for the largest price."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BLOCKS_DOWNGRADE = {
    "prices are too large for the version before": "screening WHERE price_from > 2147483647",
}


def upgrade() -> None:
    op.alter_column("screening", "price_from", existing_type=sa.Integer(), type_=sa.BigInteger(), existing_nullable=False)


def downgrade() -> None:
    op.alter_column("screening", "price_from", existing_type=sa.BigInteger(), type_=sa.Integer(), existing_nullable=False)
