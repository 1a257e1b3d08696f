"""Bring the database up to date, or check it.

Examples:
  farm db upgrade --db postgresql://farm:PASSWORD@localhost/farm
  farm db check
"""

import typer

from farm.cli.console import tell
from farm.cli.options import Db, settings_with
from farm.database import migrate
from farm.database.engine import open_engine

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None)


@app.command()
def upgrade(db: Db = None) -> None:
    """Bring the database to this program's schema."""
    tell(f"the database is at revision {migrate.upgrade(open_engine(settings_with(db).sql_url()))}")


@app.command()
def check(db: Db = None) -> None:
    """Say whether the database fits this program; exit code 3 if not."""
    migrate.check(open_engine(settings_with(db).sql_url()))
    tell(f"the database is at revision {migrate.head()}, as this program wants it")
