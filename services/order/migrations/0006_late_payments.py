"""An order that was paid late may have got its seats all the same."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("orders", sa.Column("revived", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.alter_column("orders", "revived", existing_type=sa.Boolean(), existing_nullable=False, server_default=None)


def downgrade() -> None:
    op.drop_column("orders", "revived")
