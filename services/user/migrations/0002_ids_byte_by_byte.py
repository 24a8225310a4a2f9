"""Ids, keys and codes are compared byte by byte."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Table -> column -> (how long, whether it may be null).
IDS = {
    "idempotency_key": {
        "principal": (64, "NOT NULL"), "method": (64, "NOT NULL"), "request_digest": (64, "NOT NULL"),
    },
}
BEFORE = "CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci"
AFTER = "CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"


def upgrade() -> None:
    change(AFTER)


def downgrade() -> None:
    change(BEFORE)


def change(collation: str) -> None:
    """One ALTER a table, so that each is copied once."""
    for table, columns in IDS.items():
        types = {name: f"VARCHAR({most}) {collation} {null}" for name, (most, null) in columns.items()}
        op.execute(f"ALTER TABLE `{table}` " + ", ".join(f"MODIFY `{name}` {kind}" for name, kind in types.items()))
