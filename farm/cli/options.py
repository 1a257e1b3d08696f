"""Options that many commands share, with the same names and help everywhere."""

from enum import StrEnum
from typing import Annotated

import typer

from farm.settings import Settings, read_settings

Db = Annotated[
    str | None,
    typer.Option("--db", metavar="URL", help="Database: sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME."),
]
Broker = Annotated[str | None, typer.Option("--broker", metavar="URL", help="Broker: redis://:PASSWORD@HOST:6379/0.")]


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
