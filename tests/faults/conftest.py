"""A yard for each module: its own broker and database, and one scheduler, which the drills of the module share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.yard import Yard, open_yard
from tests.services import PostgresServer, ValkeyServer, valkey_server


@pytest.fixture(scope="module")
def broker() -> Iterator[ValkeyServer]:
    """Give a broker of this module's own, to hurt."""
    with valkey_server() as server:
        yield server


@pytest.fixture(scope="module")
def postgres(_postgres: PostgresServer) -> PostgresServer:
    """Give the PostgreSQL of the whole suite; a module that hurts it has its own."""
    return _postgres


@pytest.fixture(scope="module")
def yard(postgres: PostgresServer, broker: ValkeyServer, model_cache: Path) -> Iterator[Yard]:
    """Give a yard on PostgreSQL, with a scheduler that runs."""
    with postgres.database() as url, open_yard(url, broker.url, cache_dir=model_cache) as yard:
        yard.scheduler()
        yield yard
