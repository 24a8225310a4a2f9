"""Devices that have signed in before: wrong passwords tried elsewhere do not keep them waiting."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "device",
        sa.Column("device_id", sa.String(64, collation="ascii_bin"), primary_key=True),
        sa.Column("user_id", sa.String(32, collation="ascii_bin"), sa.ForeignKey("user.user_id"),
                  primary_key=True),
        sa.Column("expires_at", sa.DateTime, nullable=False),
    )
    op.create_index("ix_device_user_id", "device", ["user_id"])
    op.create_index("ix_device_expires_at", "device", ["expires_at"])


def downgrade() -> None:
    op.drop_table("device")
