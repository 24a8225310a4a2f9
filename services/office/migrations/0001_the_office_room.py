"""The office room: a log that can be appended to and nothing else."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

BLOCKS_DOWNGRADE = {
    "the operation log would be lost": "entry",
}

REFUSED = "FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'the operation log is append-only'"
# The head moves to the next entry, which must be there.
MOVES_BY_ONE = """
    CREATE TRIGGER head_moves_by_one BEFORE UPDATE ON head FOR EACH ROW
    IF NEW.id <> OLD.id OR NEW.number <> OLD.number + 1
       OR NOT EXISTS (SELECT * FROM entry WHERE number = NEW.number AND digest = NEW.digest
                      AND previous = OLD.digest) THEN
        SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'the operation log is append-only';
    END IF
"""
ID, DIGEST = sa.String(64, collation="utf8mb4_bin"), sa.String(64, collation="ascii_bin")


def upgrade() -> None:
    op.create_table(
        "entry",
        sa.Column("number", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("previous", DIGEST, nullable=False),
        sa.Column("digest", DIGEST, nullable=False),
        sa.Column("content", mysql.MEDIUMBLOB(), nullable=False),
        sa.Column("operation_id", ID, nullable=False, unique=True),
        sa.Column("actor_id", ID),
        sa.Column("actor", sa.String(200, collation="utf8mb4_bin"), nullable=False),
        sa.Column("method", ID, nullable=False),
        sa.Column("about", ID, nullable=False),
        sa.Column("cinema_id", ID),
        sa.Column("operated_at", mysql.DATETIME(fsp=3), nullable=False),
        sa.Column("amount", sa.BigInteger()),
        sa.Column("currency", sa.String(3)),
        sa.Column("source_id", ID, index=True),
    )
    for name in ("about", "actor", "actor_id", "method", "cinema_id", "operated_at"):
        op.create_index(f"entries_by_{name}", "entry", [name, "number"])
    head = op.create_table(
        "head",
        sa.Column("id", sa.SmallInteger(), primary_key=True, autoincrement=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("digest", DIGEST, nullable=False),
    )
    op.bulk_insert(head, [{"id": 1, "number": 0, "digest": "0" * 64}])
    op.create_table(
        "movement",
        sa.Column("source_id", ID, primary_key=True),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("cinema_id", ID),
        sa.Column("refunded_before", sa.BigInteger()),
        sa.Column("refunded", sa.BigInteger(), nullable=False),
        sa.Column("moved_at", mysql.DATETIME(fsp=3), nullable=False, index=True),
    )
    op.execute(f"CREATE TRIGGER entries_stay_as_they_are BEFORE UPDATE ON entry {REFUSED}")
    op.execute(f"CREATE TRIGGER entries_are_kept BEFORE DELETE ON entry {REFUSED}")
    op.execute(f"CREATE TRIGGER head_is_kept BEFORE DELETE ON head {REFUSED}")
    op.execute(MOVES_BY_ONE)


def downgrade() -> None:
    for table in ("movement", "head", "entry"):
        op.drop_table(table)
