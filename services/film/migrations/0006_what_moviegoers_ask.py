"""Films have languages, a format, age ratings by country, a synopsis and a trailer; cinemas an address and directions.

Films are stamped, so that the index of a search knows when it is out of date.
"""

import sqlalchemy as sa
from alembic import op

from services.foundation.column_types import stamp

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

COLUMNS = {
    "film": {"age_rating": sa.JSON(), "language": sa.String(35), "subtitles": sa.JSON(), "format": sa.String(40),
             "synopsis": sa.Text(), "trailer_url": sa.String(500)},
    "cinema": {"address": sa.Text(), "map_url": sa.String(500), "directions": sa.Text()},
}


def upgrade() -> None:
    for table, columns in COLUMNS.items():
        for name, kind in columns.items():
            op.add_column(table, sa.Column(name, kind, nullable=True))
    for statement in stamp("film"):
        op.execute(statement)


def downgrade() -> None:
    op.drop_index("ix_film_changed_at", "film")
    op.drop_column("film", "changed_at")
    for table, columns in COLUMNS.items():
        for name in columns:
            op.drop_column(table, name)
