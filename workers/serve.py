"""Serves the queues this box fits: a Celery worker with one thread, its registration, heartbeat and way to stop.

In: the platforms to serve. Out: nothing until it is told to stop; then the exit code.
The first SIGTERM or SIGINT lets the running job finish, the second gives it back; the end of stdin does so at once
when the worker was started by `farm run`.
"""

import json
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import Any, Final, NamedTuple

import structlog
from celery import Celery, signals
from celery.worker import state as celery_state
from filelock import FileLock
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from farm.contract.canary import canary_tag
from farm.contract.errors import NoWorker
from farm.contract.machine import PlatformStatus, Probe
from farm.contract.requirement import Offer, Requirement, offer_of
from farm.database import migrate
from farm.database.engine import open_engine, write
from farm.scheduler.enlist import SHARED_POOL
from farm.scheduler.message import MOST_JOBS
from farm.scheduler.queue import acknowledges, make_app, only_task
from farm.scheduler.register import Registration, farewell, heartbeat, register
from farm.settings import Settings
from farm.sweeps.catalogue import Catalogue, read_catalogue
from workers import probe
from workers.child import Launcher, Order, Start
from workers.hint import hints
from workers.preload import forked, modules
from workers.prepared import Prepared
from workers.quarantine import Quarantine
from workers.settling import settle_waiting
from workers.spool import Spool
from workers.straight import Straight
from workers.subscription import Subscription
from workers.task import Bench, run_job

LOOK_EVERY: Final = 1.0  # seconds between two looks for new queues
PROBE_WITHIN: Final = 180.0  # seconds; the first imports on a cold disk are slow
HOST_LOCK: Final = "benchmark-farm-host.lock"

log = structlog.get_logger()


class Orders(NamedTuple):
    """What the operator asked of this worker."""

    platforms: tuple[str, ...]
    tags: tuple[str, ...]
    name: str
    pool: str  # empty: the shared one
    with_parent: bool


def serve(settings: Settings, orders: Orders) -> int:
    """Probe, register, and serve until told to stop.

    Raises: NoWorker when none of the platforms can run here; NoBroker and NoDatabase when these are missing.
    """
    catalogue = read_catalogue()
    launcher = Launcher(modules(forked(catalogue, orders.platforms)))
    found = _probe(launcher, catalogue, orders.platforms)
    if not orders.with_parent:
        _require_one(found)  # a worker of `farm run` registers all the same: jobs then wait with the reason
    canaries = _canaries(found) if settings.canary_hours and not orders.pool else frozenset()
    offer = offer_of(found.machine, probe.tags(found) | frozenset(orders.tags) | canaries)
    engine = open_engine(settings.sql_url())
    migrate.check(engine)
    with write(engine) as session:
        registration = register(
            session, found, offer=offer, pool=orders.pool or SHARED_POOL, name=orders.name, pid=os.getpid()
        )
    log.info("registered", worker=orders.name, tags=sorted(offer.tags))
    bench = _bench(engine, settings, registration=registration, launcher=launcher, catalogue=catalogue, probe=found)
    try:
        return _Server(bench, offer, orders, found, catalogue).run()
    finally:
        launcher.close()
        _say_farewell(engine, registration)


def _say_farewell(engine: Engine, registration: Registration) -> None:
    try:
        with write(engine) as session:
            farewell(session, registration.worker_id)
    except DBAPIError as error:
        log.error("farewell not written: database out of reach", reason=str(error.orig).strip())


def _probe(launcher: Launcher, catalogue: Catalogue, platforms: Sequence[str]) -> Probe:
    """Probe in a child: the worker itself never imports a runtime."""
    start: Start = "fork" if len(forked(catalogue, platforms)) == len(platforms) else "fresh"
    order = Order(task="probe", content=json.dumps(platforms), start=start, timeout=PROBE_WITHIN)
    answer = launcher.run(order, _NobodyWatching())
    if answer.content is None:
        reason = answer.failure.message if answer.failure else "no answer"
        raise NoWorker(f"this box could not be probed: {reason}\n{answer.log_tail}")
    return Probe.model_validate_json(answer.content)


def _canaries(found: Probe) -> frozenset[str]:
    return frozenset(canary_tag(found.machine, each.platform) for each in found.platforms if each.available)


class _NobodyWatching:
    def tick(self) -> None:
        """Nothing can stop a probe."""

    def stage(self, stage: object, pid: int) -> None:
        """Nothing follows from a probe's stages."""


def _require_one(found: Probe) -> None:
    if not any(status.available for status in found.platforms):
        reasons = "; ".join(f"{status.platform}: {status.reason}" for status in found.platforms)
        raise NoWorker(f"this box can run none of the platforms asked for ({reasons})")


def _bench(
    engine: Engine,
    settings: Settings,
    *,
    registration: Registration,
    launcher: Launcher,
    catalogue: Catalogue,
    probe: Probe,
) -> Bench:
    on_gpu = any(_is_gpu(catalogue, status) for status in probe.platforms)
    shared = settings.share_host and on_gpu
    lock = f"benchmark-farm-gpu-{probe.machine.host_id}.lock" if shared else HOST_LOCK
    return Bench(
        engine=engine,
        settings=settings,
        registration=registration,
        launcher=launcher,
        prepared=Prepared(settings.cache_dir, probe.environment.fingerprint()),
        spool=Spool(settings.spool_dir()),
        device_lock=FileLock(Path(tempfile.gettempdir()) / lock, mode=0o666),
        starts={name: entry.start for name, entry in catalogue.platforms.items()},
        threads=min(probe.machine.threads, probe.machine.cores),
        shared_host=shared,
        stopping=threading.Event(),
        stop_now=threading.Event(),
    )


def _is_gpu(catalogue: Catalogue, status: PlatformStatus) -> bool:
    return status.available and catalogue.platforms[status.platform].device == "gpu"


class _Server:
    """The Celery worker with the threads beside it."""

    def __init__(self, bench: Bench, offer: Offer, orders: Orders, found: Probe, catalogue: Catalogue) -> None:
        self._bench = bench
        self._orders = orders
        self._app: Celery = make_app(bench.settings.broker_url, timeout=bench.settings.broker_timeout_seconds)
        self._app.conf.worker_send_task_events = bench.settings.task_events
        self._stopping = bench.stopping
        self._signals = 0
        always = {Requirement(tags=catalogue.platforms[name].tags).queue() for name in orders.platforms}
        self._subscription = Subscription(self._app, bench.engine, offer, always=always)
        self._quarantine = Quarantine(
            bench.registration, offer, platforms=found.platforms, subscription=self._subscription
        )

    def run(self) -> int:
        """Serve until told to stop; give the exit code."""
        only_task(self._app, self._run_job, **self._way(lambda: worker.consumer.call_soon(_look_again)))
        settle_waiting(self._bench.engine, self._bench.spool)
        worker = self._app.Worker(
            hostname=f"{self._orders.name}@{self._bench.registration.worker_id}",
            pool="threads",
            concurrency=1,
            consumer_cls="workers.consumer:Consumer",
            loglevel=self._bench.settings.log_level,
            # The loop of messages tells the broker so, and while that is away it tries for ever and hears nothing else.
            without_heartbeat=not self._bench.settings.task_events,
            without_gossip=True,
            without_mingle=True,
            quiet=True,
        )
        signals.worker_ready.connect(self._ready, weak=False)
        threads = [
            threading.Thread(target=self._look_for_queues, args=(worker,), name="queues", daemon=True),
            threading.Thread(target=self._beat, args=(worker,), name="heartbeat", daemon=True),
        ]
        if self._orders.with_parent:
            threads.append(threading.Thread(target=self._stop_with_parent, name="parent", daemon=True))
        for thread in threads:
            thread.start()
        worker.start()
        self._stopping.set()
        return int(worker.exitcode or 0)

    def _way(self, wake: Callable[[], object]) -> dict[str, object]:
        """Choose how Celery handles a message: in its own way where it acknowledges or tells monitors of it."""
        if acknowledges(self._bench.settings.broker_url):
            return {}
        if self._bench.settings.task_events:
            return {"Request": hints(wake)}
        return {"Strategy": Straight(self._run_job, wake)}

    def _run_job(self, job_id: object) -> None:
        """Take one message. A stranger's message can at worst name a job that is queued anyway."""
        if isinstance(job_id, bool) or not isinstance(job_id, int) or not 0 < job_id <= MOST_JOBS:
            log.warning("message refused: it is no job id", found=repr(job_id)[:80])
            return
        run_job(self._bench, job_id)

    def _ready(self, **_: Any) -> None:
        """Take the signals over from Celery once it has installed its own."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        log.info("ready", queues=sorted(self._subscription.queues))

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._signals += 1
        self._stop(at_once=self._signals > 1)

    def _stop(self, *, at_once: bool) -> None:
        if at_once:
            self._bench.stop_now.set()
        self._stopping.set()
        celery_state.should_stop = 0

    def _stop_with_parent(self) -> None:
        sys.stdin.buffer.read()  # blocks until the process that started us is gone
        self._stop(at_once=True)

    def _look_for_queues(self, worker: Any) -> None:
        """Subscribe to queues that fit, as they appear."""
        while not self._stopping.wait(LOOK_EVERY):
            try:
                self._subscription.look(worker)
            except DBAPIError as error:
                log.error("queues not read: database out of reach", reason=str(error.orig).strip())
        log.info("told to stop; no new job is begun")

    def _beat(self, worker: Any) -> None:
        """Say that we live, settle what waits in the spool, and rest while our machine is quarantined."""
        while not self._stopping.wait(self._bench.settings.heartbeat_seconds):
            try:
                with write(self._bench.engine) as session:
                    heartbeat(session, self._bench.registration.worker_id)
                    reason = self._quarantine.look(session)
            except DBAPIError as error:
                log.error("heartbeat not written: database out of reach", reason=str(error.orig).strip())
                continue
            self._quarantine.heed(reason, worker)
            settle_waiting(self._bench.engine, self._bench.spool)


def _look_again() -> None:
    """Do nothing: to be called is enough to wake the loop of messages."""
