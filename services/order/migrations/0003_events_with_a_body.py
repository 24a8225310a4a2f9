"""The outbox keeps what an event says, so that a relay can publish it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BLOCKS_DOWNGRADE = {
    "events are not published yet, or have ids for which there would be no room":
        "outbox WHERE published_at IS NULL OR CHAR_LENGTH(about) > 32",
}


def upgrade() -> None:
    op.alter_column("outbox", "order_id", new_column_name="about", existing_type=sa.String(32), type_=sa.String(64),
                    existing_nullable=False)
    op.alter_column("outbox", "version", new_column_name="sequence", existing_type=sa.Integer(),
                    existing_nullable=False)
    op.alter_column("outbox", "made_at", new_column_name="occurred_at", existing_type=mysql.DATETIME(fsp=3),
                    existing_nullable=False)
    op.alter_column("outbox", "type", existing_type=sa.String(40), type_=sa.String(64), existing_nullable=False)
    op.add_column("outbox", sa.Column("version", sa.SmallInteger(), nullable=False, server_default="1"))
    op.add_column("outbox", sa.Column("trace", mysql.MEDIUMBLOB(), nullable=False, server_default="{}"))
    op.add_column("outbox", sa.Column("body", mysql.MEDIUMBLOB(), nullable=False, server_default="{}"))
    # So far nobody published them and nobody listened. Told now, they would send mails about last month's orders.
    op.execute("UPDATE outbox SET published_at = occurred_at WHERE published_at IS NULL")
    op.execute("ALTER TABLE outbox ALTER version DROP DEFAULT, ALTER trace DROP DEFAULT, ALTER body DROP DEFAULT")
    op.create_index("outbox_by_publication", "outbox", ["published_at", "event_id"])


def downgrade() -> None:
    op.drop_index("outbox_by_publication", "outbox")
    for column in ("body", "trace", "version"):
        op.drop_column("outbox", column)
    op.alter_column("outbox", "type", existing_type=sa.String(64), type_=sa.String(40), existing_nullable=False)
    op.alter_column("outbox", "occurred_at", new_column_name="made_at", existing_type=mysql.DATETIME(fsp=3),
                    existing_nullable=False)
    op.alter_column("outbox", "sequence", new_column_name="version", existing_type=sa.Integer(),
                    existing_nullable=False)
    op.alter_column("outbox", "about", new_column_name="order_id", existing_type=sa.String(64), type_=sa.String(32),
                    existing_nullable=False)
