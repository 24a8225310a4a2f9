"""Tokens tell when they were last used, so that idle ones end; removed accounts are found by when they ended."""

import sqlalchemy as sa
from alembic import op

from services.foundation.column_types import UtcDateTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # NULL: not used since it was issued, or a room of the version before has issued it.
    op.add_column("token", sa.Column("used_at", UtcDateTime(), nullable=True))
    op.create_index("ix_token_used_at", "token", ["used_at"])
    op.create_index("ix_user_removed_at", "user", ["removed_at"])


def downgrade() -> None:
    op.drop_index("ix_user_removed_at", "user")
    op.drop_index("ix_token_used_at", "token")
    op.drop_column("token", "used_at")
