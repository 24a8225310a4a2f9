"""Accounts are removed and closed, the admins are found by an index, and so are accounts by parts of their names.

The room's timer fills the search tables: accounts of before have `search_version` 0.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

BLOCKS_DOWNGRADE = {
    "removed accounts could sign in again": "user WHERE removed_at IS NOT NULL",
}

USER_ID = sa.String(32, collation="ascii_bin")


def upgrade() -> None:
    op.add_column("user", sa.Column("removed_at", mysql.DATETIME(fsp=3)))
    op.add_column("user", sa.Column("search_version", sa.SmallInteger(), nullable=False, server_default="0"))
    op.add_column("user", sa.Column("is_admin", sa.Boolean(),
                                    sa.Computed("""`roles` LIKE '%"admin"%'""", persisted=False)))
    op.create_index("ix_user_search_version", "user", ["search_version"])
    op.create_index("ix_user_is_admin", "user", ["is_admin"])
    op.create_table(
        "former_name",
        sa.Column("name_digest", sa.String(64, collation="ascii_bin"), primary_key=True),
    )
    op.create_table(
        "search_text",
        sa.Column("user_id", USER_ID, sa.ForeignKey("user.user_id"), primary_key=True),
        sa.Column("text", sa.Text(collation="utf8mb4_bin"), nullable=False),
    )
    op.create_table(
        "search_gram",
        sa.Column("gram", sa.VARBINARY(12), primary_key=True),
        sa.Column("user_id", USER_ID, sa.ForeignKey("user.user_id"), primary_key=True, index=True),
    )


def downgrade() -> None:
    for table in ("search_gram", "search_text", "former_name"):
        op.drop_table(table)
    op.drop_index("ix_user_is_admin", "user")
    op.drop_column("user", "is_admin")
    op.drop_index("ix_user_search_version", "user")
    op.drop_column("user", "search_version")
    op.drop_column("user", "removed_at")
