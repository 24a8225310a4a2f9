"""Snacks that nobody fetched end with their screening, and each cinema has its own queue."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("ticket", sa.Column("ends_at", mysql.DATETIME(fsp=3)))
    # When their screenings end was not kept; half a day later nobody comes any more.
    op.execute("UPDATE ticket SET ends_at = needed_at + INTERVAL 12 HOUR WHERE needed_at IS NOT NULL")
    op.create_index("tickets_by_end", "ticket", ["status", "ends_at"])
    op.create_index("tickets_of_a_cinema", "ticket", ["cinema_id", "status", "needed_at"])


def downgrade() -> None:
    op.drop_index("tickets_of_a_cinema", "ticket")
    op.drop_index("tickets_by_end", "ticket")
    op.drop_column("ticket", "ends_at")
