"""Accounts of staff become managers of the house: that is what they may do so far."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("UPDATE user SET roles = REPLACE(roles, '\"staff\"', '\"manager\"') WHERE roles LIKE '%\"staff\"%'")


def downgrade() -> None:
    op.execute("UPDATE user SET roles = REPLACE(roles, '\"manager\"', '\"staff\"') WHERE roles LIKE '%\"manager\"%'")
