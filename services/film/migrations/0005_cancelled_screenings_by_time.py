"""Checks find the screenings that were cancelled lately."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_screening_cancelled", "screening", ["cancelled_at"])


def downgrade() -> None:
    op.drop_index("ix_screening_cancelled", "screening")
