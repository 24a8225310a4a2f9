"""A former address gets the links for a forgotten password for a while; one that was replaced before this does not."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("former_email", sa.Column("recovers", sa.Boolean, nullable=False, server_default="0"))
    op.create_index("ix_former_email_email", "former_email", ["email"])


def downgrade() -> None:
    op.drop_index("ix_former_email_email", "former_email")
    op.drop_column("former_email", "recovers")
