"""Ticket codes are signed, and longer for it."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BLOCKS_DOWNGRADE = {
    "tickets have signed codes, for which there would be no room": "ticket WHERE CHAR_LENGTH(code) > 64",
}


def upgrade() -> None:
    op.alter_column("ticket", "code", existing_type=sa.String(64), type_=sa.String(255), existing_nullable=False)


def downgrade() -> None:
    op.alter_column("ticket", "code", existing_type=sa.String(255), type_=sa.String(64), existing_nullable=False)
