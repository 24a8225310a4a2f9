"""A member also reads what was sent to the guest that the member was."""

import sqlalchemy as sa
from alembic import op

from services.foundation.column_types import UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "adopted_guest",
        sa.Column("guest_id", sa.String(64, collation="utf8mb4_bin"), primary_key=True),
        sa.Column("user_id", sa.String(64, collation="utf8mb4_bin"), nullable=False, index=True),
        sa.Column("adopted_at", UtcDateTime(), nullable=False, index=True),
    )


def downgrade() -> None:
    op.drop_table("adopted_guest")
