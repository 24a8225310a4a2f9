"""A ticket knows when, where and by which scan its guest was admitted."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

BLOCKS_DOWNGRADE = {
    "guests have been admitted today, whose tickets would admit others": "ticket WHERE admitted_at > "
                                                                         "UTC_TIMESTAMP() - INTERVAL 1 DAY",
}
COLUMNS = {"admitted_at": mysql.DATETIME(fsp=3), "door": sa.String(64, collation="utf8mb4_bin"),
           "admitted_by": sa.String(64, collation="utf8mb4_bin"), "scan": sa.String(64, collation="utf8mb4_bin")}


def upgrade() -> None:
    for name, kind in COLUMNS.items():
        op.add_column("ticket", sa.Column(name, kind, nullable=True))


def downgrade() -> None:
    for name in COLUMNS:
        op.drop_column("ticket", name)
