"""A whole sweep on this machine: embedded broker and local workers around the farm's own scheduler and database.

In: an enlisted sweep. Out: the sweep drained, with a glance at it every half second for whoever shows progress.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import timedelta
from typing import Final, NamedTuple

from celery import Celery
from filelock import FileLock, Timeout
from sqlalchemy import Engine, func, select

from farm.contract.errors import EnvironmentFault
from farm.contract.states import UNSETTLED, JobState
from farm.database import tables
from farm.database.engine import read, write
from farm.local.broker import embedded_broker
from farm.local.workers import LocalWorker, local_workers
from farm.scheduler import loop
from farm.scheduler.dispatch import can_go_on
from farm.scheduler.queue import make_app
from farm.scheduler.reap import reap_pool, unqueue_pool
from farm.scheduler.register import live_workers
from farm.settings import Settings

GLANCE_EVERY: Final = 0.5  # seconds


class Glance(NamedTuple):
    """How a sweep stands: jobs by state, and the cells that run now."""

    states: dict[JobState, int]
    running: tuple[str, ...]

    def settled(self) -> int:
        """Count the jobs that are in a final state."""
        return sum(count for state, count in self.states.items() if state not in UNSETTLED)

    def total(self) -> int:
        """Count all jobs."""
        return sum(self.states.values())


def pool_of(sweep: str) -> str:
    """Name the pool of a sweep that `farm run` runs: its own, so that no other scheduler or worker takes its jobs."""
    return f"run-{sweep}"


def drain(
    engine: Engine,
    settings: Settings,
    *,
    sweep: str,
    groups: Sequence[tuple[str, ...]],
    show: Callable[[Glance], None],
) -> Glance:
    """Run a sweep to its end; jobs that no worker here can take stay waiting. Leaves nothing running, however it ends.

    Raises: EnvironmentFault when another `farm run` runs this sweep; NoBroker; NoWorker.
    """
    pool = pool_of(sweep)
    with _alone(settings, sweep), _broker(settings) as broker_url:
        _recover(engine, pool)
        reachable = settings.model_copy(update={"broker_url": broker_url})
        try:
            with (
                local_workers(reachable, groups, pool=pool) as workers,
                _scheduler(
                    engine, make_app(broker_url, timeout=settings.broker_timeout_seconds), settings=reachable, pool=pool
                ),
            ):
                return _watch(engine, sweep, workers=workers, settings=settings, show=show)
        finally:
            _recover(engine, pool)


def glance(engine: Engine, sweep: str) -> Glance:
    """Look at a sweep."""
    here = tables.Job.sweep_id == select(tables.Sweep.id).where(tables.Sweep.public_id == sweep).scalar_subquery()
    with read(engine) as session:
        counts = session.execute(select(tables.Job.state, func.count()).where(here).group_by(tables.Job.state)).all()
        running = session.execute(
            select(tables.Job.model, tables.Job.platform, tables.Job.precision)
            .where(here, tables.Job.state == JobState.RUNNING)
            .order_by(tables.Job.id)
        ).all()
    cells = tuple(f"{row.model} × {row.platform} {row.precision}" for row in running)
    return Glance({JobState(state): count for state, count in counts}, cells)


def _broker(settings: Settings) -> AbstractContextManager[str]:
    if settings.broker_url:
        return nullcontext(settings.broker_url)
    return embedded_broker(settings.data_dir)


@contextmanager
def _alone(settings: Settings, sweep: str) -> Iterator[None]:
    """Hold the sweep, so that two `farm run --resume` do not share its pool."""
    folder = settings.data_dir / "locks"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = FileLock(folder / f"{pool_of(sweep)}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise EnvironmentFault(f"sweep {sweep} is being run by another `farm run` on this machine") from error
    try:
        yield
    finally:
        lock.release()


def _recover(engine: Engine, pool: str) -> None:
    """Put back what an earlier run of this pool left: its workers and its broker are gone."""
    with write(engine) as session:
        reap_pool(session, pool)
        unqueue_pool(session, pool)


@contextmanager
def _scheduler(engine: Engine, app: Celery, *, settings: Settings, pool: str) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(
        target=loop.run,
        args=(engine, app),
        kwargs={"settings": settings, "pool": pool, "stop": stop},
        name="scheduler",
    )
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _watch(
    engine: Engine,
    sweep: str,
    *,
    workers: Sequence[LocalWorker],
    settings: Settings,
    show: Callable[[Glance], None],
) -> Glance:
    pause = threading.Event()
    while True:
        seen = glance(engine, sweep)
        show(seen)
        if seen.settled() == seen.total():
            return seen
        if _only_waiting(seen) and _stuck(engine, sweep, workers, settings):
            pause.wait(2 * loop.TICK)  # the scheduler writes why they wait
            return seen
        for worker in workers:
            worker.check()
        pause.wait(GLANCE_EVERY)


def _only_waiting(seen: Glance) -> bool:
    open_states = {state for state in UNSETTLED if seen.states.get(state)}
    return open_states == {JobState.WAITING}


def _stuck(engine: Engine, sweep: str, workers: Sequence[LocalWorker], settings: Settings) -> bool:
    """Say whether all our workers have registered and none of them can take what is left."""
    rules = loop.rules(settings, pool=pool_of(sweep))
    with read(engine) as session:
        live = live_workers(session, pool=rules.pool, silence=timedelta(seconds=rules.silence_seconds))
        registered = {worker.name for worker in workers} <= {worker.name for worker in live}
        return registered and not can_go_on(session, rules)
