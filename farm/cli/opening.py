"""Opens the database a command asks: the embedded one is upgraded without asking, any other must be up to date."""

from sqlalchemy import Engine

from farm.database import migrate
from farm.database.engine import open_engine
from farm.settings import Settings


def opened(settings: Settings) -> Engine:
    """Open the database of the settings.

    Raises: NoDatabase, DatabaseBehind, DatabaseNewer.
    """
    engine = open_engine(settings.sql_url())
    if settings.embedded_database():
        migrate.upgrade(engine)
    migrate.check(engine)
    return engine
