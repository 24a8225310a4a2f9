"""Messages keep the trace of their event, which their sending joins."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("message", sa.Column("traceparent", sa.String(64, collation="ascii_bin"), nullable=True))


def downgrade() -> None:
    op.drop_column("message", "traceparent")
