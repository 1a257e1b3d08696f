"""What Alembic runs around the migrations: farm.database.migrate hands it an open transaction."""

from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from farm.database.tables import Table, UtcDateTime


def _plain_type(kind: str, item: object, _context: AutogenContext) -> str | Literal[False]:
    """Write our own column type as what the database sees: a migration must not change when the program does."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcDateTime) else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Table.metadata,
    render_as_batch=True,  # SQLite cannot alter a table: Alembic copies it
    render_item=_plain_type,
)
context.run_migrations()
