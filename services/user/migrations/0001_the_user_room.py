"""the user room"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

BLOCKS_DOWNGRADE = {
    "accounts would be lost": "user",
}


def upgrade() -> None:
    op.create_table(
        "idempotency_key",
        sa.Column("principal", sa.String(64), primary_key=True),
        sa.Column("method", sa.String(64), primary_key=True),
        sa.Column("idempotency_key", sa.String(255, collation="ascii_bin"), primary_key=True),
        sa.Column("request_digest", sa.String(64), nullable=False),
        sa.Column("reply", mysql.MEDIUMBLOB(), nullable=False),
        sa.Column("answered_at", mysql.DATETIME(fsp=3), nullable=False, index=True),
    )
    op.create_table(
        "user",
        sa.Column("user_id", sa.String(32, collation="ascii_bin"), primary_key=True),
        sa.Column("username", sa.String(32), nullable=False),
        sa.Column("folded", sa.String(32, collation="ascii_bin"), nullable=False, unique=True),
        sa.Column("password_hash", sa.String(255, collation="ascii_bin"), nullable=False),
        sa.Column("display_name", sa.String(80)),
        sa.Column("email", sa.String(254)),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.Column("created_at", mysql.DATETIME(fsp=3), nullable=False),
    )
    op.create_table(
        "token",
        sa.Column("token_id", sa.String(64, collation="ascii_bin"), primary_key=True),
        sa.Column("user_id", sa.String(32, collation="ascii_bin"), sa.ForeignKey("user.user_id"), nullable=False,
                  index=True),
        sa.Column("issued_at", mysql.DATETIME(fsp=3), nullable=False),
        sa.Column("expires_at", mysql.DATETIME(fsp=3), nullable=False, index=True),
    )


def downgrade() -> None:
    for table in ("token", "user", "idempotency_key"):
        op.drop_table(table)
