"""A cell that was prepared before is measured at once, by a process that may make nothing."""

from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest
from filelock import FileLock
from sqlalchemy import Engine, select

from farm.contract.errors import NotPrepared
from farm.contract.job import JobSpec, Measure, ModelReference
from farm.database import tables
from farm.database.engine import read
from farm.settings import Settings
from tests import builders
from workers import cache
from workers.child import Answer, Launcher, Order, Watcher
from workers.preload import modules
from workers.prepared import Prepared
from workers.spool import Spool
from workers.task import Bench, run_job

QUICK = Measure(min_iterations=2, max_iterations=2, min_seconds=0, warmup_seconds=0)


class Counting(Launcher):
    """Notes what its children do."""

    def __init__(self) -> None:
        super().__init__(modules(["fake"]))
        self.tasks: list[str] = []

    def run(self, order: Order, watcher: Watcher) -> Answer:
        self.tasks.append(order.task)
        return super().run(order, watcher)


@pytest.fixture
def bench(engine: Engine, tmp_path: Path) -> Iterator[Bench]:
    launcher = Counting()
    yield Bench(
        engine=engine,
        settings=Settings(data_dir=tmp_path / "data", cache_dir=tmp_path / "cache"),
        registration=builders.registered(engine, "fake"),
        launcher=launcher,
        spool=Spool(tmp_path / "spool"),
        device_lock=FileLock(tmp_path / "host.lock"),
        prepared=Prepared(tmp_path / "cache", "these versions"),
        starts={"fake": "fork"},
        threads=1,
        shared_host=False,
        stopping=Event(),
        stop_now=Event(),
    )
    launcher.close()


def ran(bench: Bench, *specs: JobSpec) -> list[str]:
    """Run these jobs one after another; give what the children did."""
    launcher = bench.launcher
    assert isinstance(launcher, Counting)
    launcher.tasks.clear()
    builders.submitted(bench.engine, *specs)
    with read(bench.engine) as session:
        ids = session.execute(select(tables.Job.id).where(tables.Job.state == "planned")).scalars().all()
    for job_id in ids:
        builders.dispatched(bench.engine)
        run_job(bench, job_id)
    assert set(builders.states(bench.engine)) == {"done"}
    return launcher.tasks


def test_a_cell_is_prepared_once_however_long_it_is_measured(bench: Bench) -> None:
    longer = QUICK.model_copy(update={"min_iterations": 3, "max_iterations": 3, "repeats": 2})
    assert ran(bench, builders.spec(measure=QUICK)) == ["prepare", "measure"]
    assert ran(bench, builders.spec(measure=longer)) == ["measure", "measure"]
    assert ran(bench, builders.spec(measure=QUICK, batch_size=2)) == ["prepare", "measure"]


def test_what_is_gone_from_the_cache_is_made_by_a_preparing_process_again(bench: Bench) -> None:
    spec = builders.spec(measure=QUICK)
    ran(bench, spec)
    cache_dir = bench.settings.cache_dir
    (built,) = (cache_dir / "models").glob("fake-model-*")
    for left in sorted(built.iterdir()):
        left.unlink()
    built.rmdir()
    assert ran(bench, spec) == ["measure", "prepare", "measure"]
    assert ran(bench, spec) == ["measure"]


def test_other_versions_and_hub_models_are_prepared_anew(tmp_path: Path) -> None:
    spec = builders.spec()
    Prepared(tmp_path, "old versions").note(spec)
    assert Prepared(tmp_path, "old versions").has(spec)
    assert not Prepared(tmp_path, "new versions").has(spec)
    hub = builders.spec(model=ModelReference(name="m", source="hub", location="a/m", family="fake"))
    Prepared(tmp_path, "old versions").note(hub)
    assert not Prepared(tmp_path, "old versions").has(hub)


def test_a_process_that_may_make_nothing_still_finds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "_may_make", True)
    made, _ = cache.cached(tmp_path, "models", "here", lambda part: None)
    cache.forbid_making()
    assert cache.cached(tmp_path, "models", "here", lambda part: None) == (made, 0.0)
    with pytest.raises(NotPrepared, match="models missing is not in the cache"):
        cache.cached(tmp_path, "models", "missing", lambda part: None)
