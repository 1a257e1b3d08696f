"""Options that many commands share, with the same names and help everywhere."""

from enum import StrEnum
from typing import Annotated, Final

import typer

from farm.settings import Settings, read_settings

DB_HELP: Final = (
    "Database: sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME.  "
    "[default: FARM_DATABASE_URL, or SQLite in the data folder]"
)
Db = Annotated[str | None, typer.Option("--db", metavar="URL", help=DB_HELP)]
Broker = Annotated[
    str | None,
    typer.Option("--broker", metavar="URL", help="Broker: redis://:PASSWORD@HOST:6379/0.  [default: FARM_BROKER_URL]"),
]


class Format(StrEnum):
    """How a listing is written to stdout."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    MARKDOWN = "markdown"


AsFormat = Annotated[Format, typer.Option("--format", "-f", help="How to write it to stdout.")]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, help="At most so many rows.")]


def settings_with(db: str | None = None, broker: str | None = None, **flags: object) -> Settings:
    """Read the settings; flags given on the command line win."""
    return read_settings(database_url=db, broker_url=broker, **flags)
