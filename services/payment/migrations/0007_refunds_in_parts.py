"""A refund of which a part had gone back without us is two rows: each can end by itself."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

BLOCKS_DOWNGRADE = {
    "refunds have parts that are not covered": "refund WHERE part_of IS NOT NULL AND covered <> amount",
}


def upgrade() -> None:
    op.add_column("refund", sa.Column("part_of", sa.String(64, collation="ascii_bin")))
    op.create_index("ix_refund_part_of", "refund", ["part_of"])
    op.execute("""
        INSERT INTO refund (refund_id, part_of, order_id, payment_id, amount, currency, status, attempt, covered,
                            created_at, tried_at)
        SELECT CONCAT('covered:', refund_id), refund_id, order_id, payment_id, covered, currency, 'settled', 1, covered,
               created_at, tried_at
        FROM refund WHERE covered > 0 AND covered < amount""")
    op.execute("UPDATE refund SET amount = amount - covered, covered = 0 WHERE covered > 0 AND covered < amount")


def downgrade() -> None:
    op.execute("""
        UPDATE refund r JOIN (SELECT part_of, SUM(amount) AS amount FROM refund WHERE covered = amount
                              GROUP BY part_of) p ON p.part_of = r.refund_id
        SET r.amount = r.amount + p.amount, r.covered = r.covered + p.amount""")
    op.execute("DELETE FROM refund WHERE part_of IS NOT NULL AND covered = amount")
    op.drop_index("ix_refund_part_of", "refund")
    op.drop_column("refund", "part_of")
