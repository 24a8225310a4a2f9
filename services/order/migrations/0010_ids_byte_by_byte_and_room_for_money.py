"""Ids, keys and codes are compared byte by byte, and money has room for the largest amount."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

BLOCKS_DOWNGRADE = {
    "amounts are too large for the version before": "orders WHERE total > 2147483647 OR refunded > 2147483647",
}

# Table -> column -> (how long, whether it may be null).
IDS = {
    "orders": {
        "order_id": (32, "NOT NULL"), "buyer_id": (64, "NOT NULL"), "screening_id": (64, "NOT NULL"),
        "board_owner": (32, "NOT NULL"), "cinema_id": (64, "NULL"), "pick_up_code": (8, "NULL"),
    },
    "seat_claim": {"screening_id": (64, "NOT NULL"), "seat_id": (8, "NOT NULL"), "order_id": (32, "NOT NULL")},
    "ticket": {
        "ticket_id": (32, "NOT NULL"), "order_id": (32, "NOT NULL"), "screening_id": (64, "NOT NULL"),
        "seat_id": (8, "NOT NULL"), "code": (255, "NOT NULL"),
    },
    "refund": {"refund_id": (64, "NOT NULL"), "order_id": (32, "NOT NULL")},
    "cancelled_screening": {"screening_id": (64, "NOT NULL"), "cancelled_by": (64, "NOT NULL")},
    "board_epoch": {"screening_id": (64, "NOT NULL")},
    "idempotency_key": {
        "principal": (64, "NOT NULL"), "method": (64, "NOT NULL"), "request_digest": (64, "NOT NULL"),
    },
    "outbox": {"event_id": (32, "NOT NULL"), "about": (64, "NOT NULL")},
}
MONEY = {"orders": ("total", "refunded"), "refund": ("amount", "kept")}
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
