"""Fixtures of every test: real services, an environment without settings, and no silent skips in CI."""

import gc
import os
from collections.abc import Generator, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import structlog
from sqlalchemy import Engine

from farm.database import migrate
from farm.database.engine import open_engine
from farm.settings import PREFIX
from tests.services import PostgresServer, ValkeyServer, postgres_server, valkey_server

if TYPE_CHECKING:
    from tests.workers.platforms.cells import Cells

DATABASES = ("sqlite", "postgresql")
KEPT_CACHE = os.environ.pop("FARM_TEST_CACHE", "")  # taken away at once: to the farm it would be a misspelt setting


@pytest.fixture(scope="session")
def model_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder in which models are built once for the whole suite: FARM_TEST_CACHE keeps it between runs."""
    folder = Path(KEPT_CACHE).absolute() if KEPT_CACHE else _shared(tmp_path_factory) / "models"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def cells(tmp_path_factory: pytest.TempPathFactory) -> "Cells":
    """Give the tiny models and their cells, shared by all tests that run them."""
    from tests.workers.platforms.cells import Cells

    gc.freeze()  # as in a child of the fork server; else each timed loop looks through all that the suite holds
    return Cells(tmp_path_factory.mktemp("cells"))


@pytest.fixture(autouse=True)
def clean_environment(tmp_path: Path, model_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Take away every FARM_* variable, the person's home and the current folder's farm.toml; and logs set up here."""
    for variable in os.environ:
        if variable.startswith(PREFIX):
            monkeypatch.delenv(variable)
    home = tmp_path / "home"
    monkeypatch.setenv("HOME", str(home))
    for variable, folder in (
        ("XDG_CONFIG_HOME", ".config"),
        ("XDG_DATA_HOME", ".local/share"),
        ("XDG_CACHE_HOME", ".cache"),
        ("XDG_STATE_HOME", ".local/state"),
    ):
        monkeypatch.setenv(variable, str(home / folder))
    monkeypatch.setenv("FARM_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("FARM_CACHE_DIR", str(model_cache))
    yield
    structlog.reset_defaults()  # a command that ran in this process set up its own, on a stream that is closed by now


@pytest.fixture(scope="session")
def _postgres() -> Iterator[PostgresServer]:
    with postgres_server() as server:
        yield server


@pytest.fixture
def postgres_url(_postgres: PostgresServer) -> Iterator[str]:
    """Give the URL of a fresh, empty PostgreSQL database."""
    with _postgres.database() as url:
        yield url


@pytest.fixture(scope="session")
def _valkey() -> Iterator[ValkeyServer]:
    with valkey_server() as server:
        yield server


@pytest.fixture
def redis_url(_valkey: ValkeyServer) -> str:
    """Give the URL of an empty Valkey with a password."""
    with _valkey.client() as client:
        client.flushall()
    return _valkey.url


@pytest.fixture
def own_valkey() -> Iterator[ValkeyServer]:
    """Give a Valkey of this test's own, to stop, kill and start again."""
    with valkey_server() as server:
        yield server


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the URL of an empty database, once for each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'farm.sqlite3'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def empty_engine(database_url: str) -> Iterator[Engine]:
    """Give an engine on an empty database, once for each kind."""
    engine = open_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def engine(empty_engine: Engine) -> Engine:
    """Give an engine on a database with all tables, once for each kind."""
    migrate.upgrade(empty_engine)
    return empty_engine


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep in one process, when tests run on several, the tests of a file, or of one model in it, that share things."""
    for item in items:
        parameters = item.callspec.params if hasattr(item, "callspec") else {}
        item.add_marker(pytest.mark.xdist_group(f"{item.location[0]} {parameters.get('model', '')}"))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what needs a GPU, with the reason, where there is none."""
    if item.get_closest_marker("gpu"):
        reason = _no_gpu()
        if reason:
            pytest.skip(reason)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI, turn every skip into a failure but those for want of a GPU."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and not item.get_closest_marker("gpu"):
        _refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """In CI, turn the skip of a whole module into a failure."""
    report = yield
    if report.skipped:
        _refuse_skip(report)
    return report


def _shared(factory: pytest.TempPathFactory) -> Path:
    """Give the folder that all processes of this run share."""
    own = factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


def _refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    if os.environ.get("CI", "").lower() in ("true", "1"):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI, where only `gpu` tests may be: {report.longrepr}"


@cache
def _no_gpu() -> str:
    import torch

    return "" if torch.cuda.is_available() else "no CUDA device here"
