"""What the payment room could not do or say is asked for again, ever more seldom."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("orders", sa.Column("ask_again_at", mysql.DATETIME(fsp=3), nullable=True))
    op.add_column("refund", sa.Column("ask_again_at", mysql.DATETIME(fsp=3), nullable=True))
    op.execute("UPDATE refund SET ask_again_at = requested_at")
    op.alter_column("refund", "ask_again_at", existing_type=mysql.DATETIME(fsp=3), nullable=False)


def downgrade() -> None:
    op.drop_column("refund", "ask_again_at")
    op.drop_column("orders", "ask_again_at")
