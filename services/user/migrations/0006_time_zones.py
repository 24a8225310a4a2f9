"""The time zone of a profile, and how many events there are about it."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("user", sa.Column("time_zone", sa.String(64, collation="ascii_bin"), nullable=True))
    op.add_column("user", sa.Column("time_zone_changes", sa.Integer(), server_default="0", nullable=False))


def downgrade() -> None:
    op.drop_column("user", "time_zone_changes")
    op.drop_column("user", "time_zone")
