"""A refund names its seats, so that the message about the last one lists no seats of earlier ones."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("refund", sa.Column("seats", sa.Text, nullable=True))


def downgrade() -> None:
    op.drop_column("refund", "seats")
