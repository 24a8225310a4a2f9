"""Checks find the tickets that have changed lately."""

from alembic import op

from services.foundation.column_types import stamp

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TABLES = ("ticket",)


def upgrade() -> None:
    for table in TABLES:
        for statement in stamp(table):
            op.execute(statement)


def downgrade() -> None:
    for table in TABLES:
        op.drop_index(f"ix_{table}_changed_at", table)
        op.drop_column(table, "changed_at")
