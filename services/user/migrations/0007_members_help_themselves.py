"""Usernames in any script, sessions with their devices, links that set a new password, and postal addresses.

A username's key may be longer than the name, and is compared byte by byte in any script; those of before stay as they
are.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

BLOCKS_DOWNGRADE = {
    "accounts could not sign in, for their names have no place":
        "user WHERE removed_at IS NULL AND (CHAR_LENGTH(folded) <> LENGTH(folded) OR LENGTH(folded) > 32)",
}

ID = sa.String(32, collation="ascii_bin")


def upgrade() -> None:
    op.alter_column("user", "folded", existing_nullable=False, existing_type=sa.String(32, collation="ascii_bin"),
                    type_=sa.String(128, collation="utf8mb4_bin"))
    op.create_index("ix_user_email", "user", ["email"])
    op.add_column("token", sa.Column("device", sa.String(200)))
    op.create_table(
        "password_reset",
        sa.Column("token_id", sa.String(64, collation="ascii_bin"), primary_key=True),
        sa.Column("user_id", ID, sa.ForeignKey("user.user_id"), nullable=False, index=True),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("expires_at", mysql.DATETIME(fsp=3), nullable=False, index=True),
        sa.Column("used_at", mysql.DATETIME(fsp=3)),
    )
    op.create_table(
        "address",
        sa.Column("address_id", ID, primary_key=True),
        sa.Column("user_id", ID, sa.ForeignKey("user.user_id"), nullable=False, index=True),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("street", sa.String(200), nullable=False),
        sa.Column("postal_code", sa.String(16)),
        sa.Column("city", sa.String(100), nullable=False),
        sa.Column("region", sa.String(100)),
        sa.Column("country", sa.String(2, collation="ascii_bin"), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("address")
    op.drop_table("password_reset")
    op.drop_column("token", "device")
    op.drop_index("ix_user_email", "user")
    # A name beyond ASCII has no place in the column of before; its account is found by its id then.
    op.execute("UPDATE user SET folded = user_id WHERE CHAR_LENGTH(folded) <> LENGTH(folded) OR LENGTH(folded) > 32")
    op.alter_column("user", "folded", existing_nullable=False, existing_type=sa.String(128, collation="utf8mb4_bin"),
                    type_=sa.String(32, collation="ascii_bin"))
