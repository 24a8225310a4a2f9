"""The confirmed address that an account had before a change, to write there about it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "former_email",
        sa.Column("user_id", sa.String(32, collation="ascii_bin"), sa.ForeignKey("user.user_id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("replaced_at", mysql.DATETIME(fsp=3), nullable=False, index=True),
    )


def downgrade() -> None:
    op.drop_table("former_email")
