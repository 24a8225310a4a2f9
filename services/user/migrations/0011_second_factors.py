"""Second factors: the secrets of authenticator apps, encrypted, and the digests of codes that recover a lost one."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

ID = sa.String(32, collation="ascii_bin")
SECRET = sa.String(255, collation="ascii_bin")


def upgrade() -> None:
    op.create_table(
        "second_factor",
        sa.Column("user_id", ID, sa.ForeignKey("user.user_id"), primary_key=True),
        sa.Column("secret", SECRET),
        sa.Column("since", mysql.DATETIME(fsp=3)),
        sa.Column("last_step", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("new_secret", SECRET),
        sa.Column("new_until", mysql.DATETIME(fsp=3)),
    )
    op.create_table(
        "recovery_code",
        sa.Column("code_digest", sa.String(64, collation="ascii_bin"), primary_key=True),
        sa.Column("user_id", ID, sa.ForeignKey("user.user_id"), nullable=False, index=True),
    )


def downgrade() -> None:
    op.drop_table("recovery_code")
    op.drop_table("second_factor")
