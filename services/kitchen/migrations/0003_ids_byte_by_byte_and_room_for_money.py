"""Ids, keys and codes are compared byte by byte, and money has room for the largest amount."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BLOCKS_DOWNGRADE = {
    "prices are too large for the version before": "snack WHERE price > 2147483647",
}

# Table -> column -> (how long, whether it may be null).
IDS = {
    "snack": {},
    "ticket": {"pick_up_code": (8, "NULL"), "waiting_code": (8, "NULL")},
    "ticket_line": {},
    "idempotency_key": {
        "principal": (64, "NOT NULL"), "method": (64, "NOT NULL"), "request_digest": (64, "NOT NULL"),
    },
    "outbox": {"event_id": (32, "NOT NULL"), "about": (64, "NOT NULL")},
    "inbox": {"consumer": (128, "NOT NULL"), "event_id": (64, "NOT NULL")},
}
MONEY = {"snack": ("price",), "ticket_line": ("price",)}
BEFORE = "CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci"
AFTER = "CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"


def upgrade() -> None:
    change(AFTER, "BIGINT")


def downgrade() -> None:
    change(BEFORE, "INTEGER")


def change(collation: str, number: str) -> None:
    """One ALTER a table, so that each is copied once."""
    for table, columns in IDS.items():
        types = {name: f"VARCHAR({most}) {collation} {null}" for name, (most, null) in columns.items()}
        types |= {name: f"{number} NOT NULL" for name in MONEY.get(table, ())}
        op.execute(f"ALTER TABLE `{table}` " + ", ".join(f"MODIFY `{name}` {kind}" for name, kind in types.items()))
