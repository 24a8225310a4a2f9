"""What plays where and when."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.mysql import DATETIME

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

BLOCKS_DOWNGRADE = {
    "screenings would be lost": "screening",
}

# Compares without regard to case and accents, and tells emoji apart.
TEXT = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_unicode_520_ci"}
ID = sa.String(64, collation="utf8mb4_bin")


def upgrade() -> None:
    op.create_table(
        "cinema",
        sa.Column("cinema_id", ID, primary_key=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("city", sa.String(200), nullable=False),
        sa.Column("timezone", sa.String(64), nullable=False),
        **TEXT,
    )
    op.create_table(
        "hall",
        sa.Column("hall_id", ID, primary_key=True),
        sa.Column("cinema_id", ID, sa.ForeignKey("cinema.cinema_id"), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("capacity", sa.Integer, nullable=False),
        sa.Column("drawing", sa.JSON, nullable=False),
        **TEXT,
    )
    op.create_table(
        "film",
        sa.Column("film_id", ID, primary_key=True),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("original_title", sa.String(200), nullable=False),
        sa.Column("year", sa.Integer, nullable=False),
        sa.Column("running_minutes", sa.Integer, nullable=False),
        sa.Column("director", sa.String(200), nullable=False),
        sa.Column("cast", sa.JSON, nullable=False),
        sa.Column("genres", sa.JSON, nullable=False),
        sa.Column("rating", sa.String(20), nullable=False),
        **TEXT,
    )
    op.create_table(
        "screening",
        sa.Column("screening_id", ID, primary_key=True),
        sa.Column("film_id", ID, sa.ForeignKey("film.film_id"), nullable=False),
        sa.Column("hall_id", ID, sa.ForeignKey("hall.hall_id"), nullable=False),
        sa.Column("starts_at", DATETIME(fsp=3), nullable=False),
        sa.Column("ends_at", DATETIME(fsp=3), nullable=False),
        sa.Column("local_date", sa.Date, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("price_from", sa.Integer, nullable=False),
        sa.Column("prices", sa.JSON, nullable=False),
        **TEXT,
    )
    op.create_index("ix_screening_start", "screening", ["starts_at", "screening_id"])
    op.create_index("ix_screening_film", "screening", ["film_id", "starts_at"])
    op.create_index("ix_screening_hall", "screening", ["hall_id", "starts_at"])
    op.create_index("ix_screening_date", "screening", ["local_date", "starts_at"])


def downgrade() -> None:
    for table in ("screening", "film", "hall", "cinema"):
        op.drop_table(table)
