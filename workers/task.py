"""One job's life on a worker: claim, prepare, measure, summarise, settle.

In: a job id from the queue. Out: the attempt settled in SQL, or spooled while SQL is away.
"""

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from threading import Event
from typing import Final, NamedTuple

import structlog
from filelock import FileLock, Timeout
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from farm.contract.doubts import Doubt, DoubtKind
from farm.contract.errors import NotPrepared, NotStarted
from farm.contract.job import Assignment
from farm.contract.judge import judge
from farm.contract.result import Failure, Outcome, Result
from farm.contract.states import Stage
from farm.database.engine import write
from farm.scheduler.claim import Claim, Standing, claim
from farm.scheduler.register import Registration
from farm.scheduler.settle import release, settle_cancelled
from farm.settings import Settings
from workers.child import Answer, Interrupted, Launcher, Order, Start, Task
from workers.prepared import Prepared
from workers.settling import AWAY, settle_waiting
from workers.spool import Spool, Spooled
from workers.summary import summarise
from workers.watch import Watch

STOPPING: Final = "the worker was told to stop"
LOOK_EVERY: Final = 1.0  # seconds between two looks, while waiting for the device or the database, whether to stop

log = structlog.get_logger()


class Bench(NamedTuple):
    """What a worker has for its jobs."""

    engine: Engine
    settings: Settings
    registration: Registration
    launcher: Launcher
    spool: Spool
    device_lock: FileLock
    prepared: Prepared
    starts: dict[str, Start]  # how each platform's children start
    threads: int
    shared_host: bool
    stopping: Event  # set: begin no job any more
    stop_now: Event  # set: give the job back at once


def run_job(bench: Bench, job_id: int) -> None:
    """Live one job's life. The device is ours before the job is: nobody waits under a lease."""
    device = _device(bench)
    if device is None:
        return
    with device:
        claimed = _claim(bench, job_id)
        if claimed is None:
            log.info("nothing to claim", job=job_id)
            return
        log.info("running", job=claimed.public_id, attempt=claimed.number, cell=claimed.spec.cell())
        lease = bench.settings.lease_seconds
        watch = Watch(bench.engine, claimed, lease_seconds=lease, stop_now=bench.stop_now)
        try:
            spooled = _measure(bench, claimed, watch)
        except Interrupted:
            _give_up(bench, claimed, watch.standing)
            return
    bench.spool.put(spooled)
    settle_waiting(bench.engine, bench.spool)


def _device(bench: Bench) -> AbstractContextManager[object] | None:
    """Wait for the device, which another worker of this host may have; None when told to stop meanwhile."""
    while not bench.stopping.is_set():
        try:
            return bench.device_lock.acquire(timeout=LOOK_EVERY)
        except Timeout:
            continue
    return None


def _claim(bench: Bench, job_id: int) -> Claim | None:
    """Claim the job; while the database is away, wait for it, until told to stop."""
    while True:
        try:
            with write(bench.engine) as session:
                return claim(session, job_id, worker=bench.registration, lease_seconds=bench.settings.lease_seconds)
        except AWAY as error:
            log.error("job not claimed: database out of reach", job=job_id, reason=str(error.orig).strip())
        if bench.stopping.wait(LOOK_EVERY):
            return None


class _ChildFailed(Exception):
    """Raised when a child of an attempt brings back a failure."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class _Attempt(NamedTuple):
    bench: Bench
    claimed: Claim
    watch: Watch
    deadline: float  # of the monotonic clock


def _measure(bench: Bench, claimed: Claim, watch: Watch) -> Spooled:
    """Run the children of one attempt and put together what they bring."""
    attempt = _Attempt(bench, claimed, watch, time.monotonic() + claimed.spec.timeout)
    try:
        outcomes, logs = zip(*_children(attempt), strict=True)
    except _ChildFailed as failed:
        return Spooled(token=claimed.token, failure=failed.failure)
    except OSError as error:
        return Spooled(token=claimed.token, failure=_not_started(error))
    result = _result(outcomes, watch, shared_host=bench.shared_host, log_tail="".join(logs))
    return Spooled(token=claimed.token, result=result)


def _children(attempt: _Attempt) -> list[tuple[Outcome, str]]:
    """Prepare, unless that was done before, and measure; each in a process of its own."""
    spec, prepared = attempt.claimed.spec, attempt.bench.prepared
    if prepared.has(spec):
        try:
            return _repeats(attempt, may_make=False)
        except _ChildFailed as failed:
            if failed.failure.code != NotPrepared.code:
                raise
            log.info("to be prepared again", job=attempt.claimed.public_id, reason=failed.failure.message)
            prepared.forget(spec)
            attempt.watch.forget()
    made = _child(attempt, "prepare")
    prepared.note(spec)
    return [made, *_repeats(attempt, may_make=True)]


def _repeats(attempt: _Attempt, *, may_make: bool) -> list[tuple[Outcome, str]]:
    """Measure in fresh processes. What the first one searched and found, the others measure."""
    first = _child(attempt, "measure", may_make=may_make)
    spec = first[0].settled or attempt.claimed.spec
    others = attempt._replace(claimed=attempt.claimed._replace(spec=spec))
    repeats = range(1, spec.measure.repeats)
    return [first, *(_child(others, "measure", repeat=repeat, may_make=may_make) for repeat in repeats)]


def _child(attempt: _Attempt, task: Task, *, repeat: int = 0, may_make: bool = True) -> tuple[Outcome, str]:
    """Run one child; give its outcome and the tail of its log. Raises: _ChildFailed."""
    bench, spec = attempt.bench, attempt.claimed.spec
    assignment = Assignment(
        spec=spec,
        cache_dir=str(bench.settings.cache_dir),
        model_roots=tuple(str(root) for root in bench.settings.model_roots),
        remote_code=bench.settings.remote_code,
        repeat=repeat,
        threads=bench.threads,
        offline=bench.settings.offline,
        may_make=may_make,
    )
    order = Order(
        task=task,
        content=assignment.model_dump_json(),
        start=bench.starts[spec.platform],
        timeout=max(1.0, attempt.deadline - time.monotonic()),
        subject=f"{spec.platform} {spec.model.model_dump_json()}",
    )
    answer: Answer = bench.launcher.run(order, attempt.watch)
    attempt.watch.stages.enter(None)
    if answer.failure is not None:
        raise _ChildFailed(answer.failure)
    return Outcome.model_validate_json(answer.content or ""), answer.log_tail


def _result(outcomes: Sequence[Outcome], watch: Watch, *, shared_host: bool, log_tail: str) -> Result:
    evidence = tuple(item for outcome in outcomes for item in outcome.evidence)
    facts = {name: value for outcome in outcomes for name, value in outcome.facts.items()}
    doubts = [doubt for outcome in outcomes for doubt in outcome.doubts] + watch.doubts
    if shared_host:
        detail = "the operator lets other devices of this host be measured at the same time"
        doubts.append(Doubt(kind=DoubtKind.SHARED_HOST, figure=1.0, detail=detail))
    return Result(
        measurements=summarise(outcomes),
        doubts=_worst(doubts),
        evidence=evidence,
        verdict=judge(evidence),
        conditions={"repeats": [*watch.conditions]},
        facts=facts | {"stages": {**watch.stages.seconds()}},
        log_tail=log_tail,
    )


def _worst(doubts: list[Doubt]) -> tuple[Doubt, ...]:
    """Keep one doubt of each kind, the one with the greatest figure; of free memory and samples, the least."""
    kept: dict[DoubtKind, Doubt] = {}
    for doubt in doubts:
        least_is_worst = doubt.kind in (DoubtKind.LOW_MEMORY, DoubtKind.TOO_FEW_SAMPLES)
        known = kept.get(doubt.kind)
        if known is None or (doubt.figure < known.figure) == least_is_worst:
            kept[doubt.kind] = doubt
    return tuple(kept.values())


def _give_up(bench: Bench, claimed: Claim, standing: Standing) -> None:
    """End an attempt that was interrupted. If the database is away, the lease ends it."""
    try:
        with write(bench.engine) as session:
            if standing is Standing.CANCELLED:
                settle_cancelled(session, claimed.token)
            elif standing is Standing.OURS:
                release(session, claimed.token, reason=STOPPING)
    except DBAPIError as error:
        log.error("database out of reach; the lease will end the attempt", reason=str(error.orig).strip())
    log.warning("stopped", job=claimed.public_id, attempt=claimed.number, standing=standing)


def _not_started(error: OSError) -> Failure:
    message = f"this worker could not start the job: {error}"
    return Failure(stage=Stage.START, code=NotStarted.code, error=type(error).__name__, message=message)
