"""Ticket codes are signed, and longer for it."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column("ticket", "code", existing_type=sa.String(64), type_=sa.String(255), existing_nullable=False)


def downgrade() -> None:
    op.alter_column("ticket", "code", existing_type=sa.String(255), type_=sa.String(64), existing_nullable=False)
