"""Members keep cards at the provider, and pay with them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

MOMENT = mysql.DATETIME(fsp=3)


def name(column: str, most: int = 64, *, collation: str = "ascii_bin", key: bool = False,
         optional: bool = False) -> sa.Column[str]:
    """A column for an id or a name, compared byte by byte."""
    return sa.Column(column, sa.String(most, collation=collation), primary_key=key, nullable=optional)


def flag(column: str) -> sa.Column[bool]:
    return sa.Column(column, sa.Boolean(), nullable=False, server_default="0")


def upgrade() -> None:
    op.create_table("card_holder", name("user_id", collation="utf8mb4_bin", key=True), flag("ended"))
    op.create_table(
        "card",
        name("card_id", key=True), name("user_id", collation="utf8mb4_bin"),
        sa.Column("provider", sa.String(32), nullable=False), name("payment_id"),
        sa.Column("status", sa.String(16), nullable=False), name("token", 255, optional=True),
        name("fingerprint", 255, optional=True), name("brand", 32, collation="utf8mb4_bin", optional=True),
        name("last4", 4, optional=True), sa.Column("exp_month", sa.SmallInteger()),
        sa.Column("exp_year", sa.SmallInteger()), sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("tried_at", MOMENT, nullable=False), sa.UniqueConstraint("payment_id"))
    op.create_index("ix_card_user_id", "card", ["user_id"])
    op.create_index("cards_to_detach", "card", ["status", "tried_at"])
    op.create_table("sandbox_card", name("token", key=True), name("last4", 4))
    op.add_column("sandbox_charge", flag("save_card"))
    op.add_column("payment", name("card_token", 255, optional=True))
    op.add_column("payment", flag("save_card"))
    op.create_index("cards_to_keep", "payment", ["save_card", "status", "tried_at"])


def downgrade() -> None:
    op.drop_index("cards_to_keep", "payment")
    op.drop_column("payment", "save_card")
    op.drop_column("payment", "card_token")
    op.drop_column("sandbox_charge", "save_card")
    for table in ("sandbox_card", "card", "card_holder"):
        op.drop_table(table)
