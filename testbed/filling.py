"""Many rows for a table, made by MariaDB itself from a sequence of numbers: a million orders take a minute or so."""

from collections.abc import Mapping

from sqlalchemy import Connection, text

UNCHECKED = text("SET SESSION foreign_key_checks = 0, check_constraint_checks = 0, time_zone = '+0:00'")


def fill(tx: Connection, table: str, columns: Mapping[str, str], prefix: str, moment: str, rows: int) -> None:
    """Add so many rows with ids that begin with `prefix`, made and changed at `moment`.

    `columns`: what the columns have that must not be just anything. All values are SQL, where `seq` is the number of
    the row, from 1 on.
    """
    found = tx.execute(text(
        "SELECT column_name AS name, data_type AS type, COALESCE(character_maximum_length, 0) AS most "
        "FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = :t "
        "AND COALESCE(generation_expression, '') = ''"), {"t": table}).all()
    values = {row.name: columns.get(row.name) or value_of(row.type, int(row.most), prefix, moment) for row in found}
    tx.execute(text(f"INSERT IGNORE INTO `{table}` ({', '.join(f'`{name}`' for name in values)}) "
                    f"SELECT {', '.join(values.values())} FROM seq_1_to_{rows}"))


def value_of(kind: str, most: int, prefix: str, moment: str) -> str:
    """SQL for a value of a column of this type that is at most so long."""
    if kind in ("datetime", "date"):
        return moment
    if kind in ("varchar", "char", "text"):
        return f"LEFT(CONCAT({prefix}, LPAD(seq, GREATEST(1, LEAST({most}, 32) - LENGTH({prefix})), '0')), {most})"
    if kind in ("int", "bigint"):
        return "seq"
    return "1" if kind in ("smallint", "tinyint") else "''"
