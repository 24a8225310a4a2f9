"""Checks and purges find what has changed lately without reading whole tables."""

from alembic import op

from services.foundation.column_types import stamp

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

STAMPED = ("payment", "refund", "card")
INDEXED = (("account", "changed_at"), ("payment", "card_token"), ("refund", "created_at"), ("refund", "credit_to"),
           ("card", "token"), ("sandbox_refund", "created_at"), ("sandbox_webhook", "created_at"))


def upgrade() -> None:
    for table in STAMPED:
        for statement in stamp(table):
            op.execute(statement)
    for table, column in INDEXED:
        op.create_index(f"ix_{table}_{column}", table, [column])
    op.create_index("payments_of_a_provider", "payment", ["provider", "created_at"])


def downgrade() -> None:
    op.drop_index("payments_of_a_provider", "payment")
    for table, column in INDEXED:
        op.drop_index(f"ix_{table}_{column}", table)
    for table in STAMPED:
        op.drop_index(f"ix_{table}_changed_at", table)
        op.drop_column(table, "changed_at")
