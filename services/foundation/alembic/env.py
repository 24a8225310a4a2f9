"""One Alembic environment for every room; the room's metadata and engine come in through the config."""

from typing import Any

from alembic import context

from services.foundation.column_types import UtcDateTime


def render(kind: str, thing: Any, _autogen: Any) -> Any:
    """Write UtcDateTime as a type of SQLAlchemy, so that later changes of this project can't break a migration."""
    return "mysql.DATETIME(fsp=3)" if kind == "type" and isinstance(thing, UtcDateTime) else False


attributes = context.config.attributes
with attributes["engine"].connect() as connection:
    context.configure(connection=connection, target_metadata=attributes["metadata"], compare_type=False,
                      render_item=render)
    with context.begin_transaction():
        context.run_migrations()
