"""The language in which an account or a guest is written to."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # NULL: the language of the house.
    for table in ("user", "guest"):
        op.add_column(table, sa.Column("language", sa.String(35, collation="ascii_bin"), nullable=True))


def downgrade() -> None:
    for table in ("guest", "user"):
        op.drop_column(table, "language")
