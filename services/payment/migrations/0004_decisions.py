"""What people have decided about payments under review and refunds that failed."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "decision",
        sa.Column("decision_id", sa.BigInteger(), primary_key=True, autoincrement=True),
        sa.Column("about", sa.String(64, collation="ascii_bin"), nullable=False, index=True),
        sa.Column("decision", sa.String(16), nullable=False),
        sa.Column("decided_by", sa.String(64), nullable=False),
        sa.Column("because", sa.String(500), nullable=False),
        sa.Column("decided_at", mysql.DATETIME(fsp=3), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("decision")
