"""Checks find the members and orders that have changed lately."""

from alembic import op

from services.foundation.column_types import stamp

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = ("member", "order_points")


def upgrade() -> None:
    for table in TABLES:
        for statement in stamp(table):
            op.execute(statement)


def downgrade() -> None:
    for table in TABLES:
        op.drop_index(f"ix_{table}_changed_at", table)
        op.drop_column(table, "changed_at")
