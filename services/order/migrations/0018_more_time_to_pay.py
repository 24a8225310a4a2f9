"""An order says whether its buyer has had more time to pay, which is given once."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("orders", sa.Column("extended", sa.Boolean, nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("orders", "extended")
