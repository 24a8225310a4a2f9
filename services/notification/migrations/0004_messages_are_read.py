"""Members read their messages on the pages, too. Those from before count as read."""

import sqlalchemy as sa
from alembic import op

from services.foundation.column_types import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("message", sa.Column("read_at", UtcDateTime(), nullable=True))
    op.execute("UPDATE message SET read_at = changed_at")
    op.create_index("messages_of_a_buyer", "message", ["buyer_id", "message_id"])


def downgrade() -> None:
    op.drop_index("messages_of_a_buyer", "message")
    op.drop_column("message", "read_at")
