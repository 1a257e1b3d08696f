"""One job's life on a worker: claim, prepare, measure, summarise, settle.

In: a job id from the queue. Out: the attempt settled in SQL, or spooled while SQL is away.
"""

import time
from pathlib import Path
from threading import Event
from typing import Final, NamedTuple

import structlog
from filelock import FileLock
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from farm.contract.doubts import Doubt, DoubtKind
from farm.contract.job import Assignment, JobSpec
from farm.contract.result import Failure, Outcome, Result
from farm.database.engine import write
from farm.scheduler.claim import Claim, Standing, claim
from farm.scheduler.judge import judge
from farm.scheduler.register import Registration
from farm.scheduler.settle import release, settle_cancelled, settle_failure, settle_result
from farm.settings import Settings
from workers.child import Answer, Interrupted, Launcher, Order, Start
from workers.spool import Spool, Spooled
from workers.summary import summarise
from workers.watch import Watch

STOPPING: Final = "the worker was told to stop"

log = structlog.get_logger()


class Bench(NamedTuple):
    """What a worker has for its jobs."""

    engine: Engine
    settings: Settings
    registration: Registration
    launcher: Launcher
    spool: Spool
    device_lock: FileLock
    starts: dict[str, Start]  # how each platform's children start
    threads: int
    shared_host: bool
    stop_now: Event  # set: give the job back at once


def run_job(bench: Bench, job_id: int) -> None:
    """Live one job's life. The device is ours before the job is: nobody waits under a lease."""
    with bench.device_lock:
        if bench.stop_now.is_set():
            return
        lease = bench.settings.lease_seconds
        with write(bench.engine) as session:
            claimed = claim(session, job_id, worker=bench.registration, lease_seconds=lease)
        if claimed is None:
            log.info("nothing to claim", job=job_id)
            return
        log.info("running", job=claimed.public_id, attempt=claimed.number, cell=claimed.spec.cell())
        watch = Watch(bench.engine, claimed, lease_seconds=lease, stop_now=bench.stop_now)
        try:
            spooled = _measure(bench, claimed, watch)
        except Interrupted:
            _give_up(bench, claimed, watch.standing)
            return
    settle(bench, spooled, bench.spool.put(spooled))


def settle(bench: Bench, spooled: Spooled, path: Path) -> bool:
    """Settle what was spooled; it stays in the spool when the database is away. A lost lease settles nothing."""
    try:
        with write(bench.engine) as session:
            if spooled.result is not None:
                settled = settle_result(session, spooled.token, spooled.result)
            else:
                settled = settle_failure(session, spooled.token, _failure(spooled))
    except DBAPIError as error:
        log.error("database out of reach; the result waits in the spool", reason=str(error.orig).strip())
        return False
    path.unlink()
    _tell(spooled, settled)
    return True


def _measure(bench: Bench, claimed: Claim, watch: Watch) -> Spooled:
    """Run the children of one attempt and put together what they bring."""
    deadline = time.monotonic() + claimed.spec.timeout
    prepared = _child(bench, claimed, watch, task="prepare", repeat=0, deadline=deadline)
    if isinstance(prepared, Failure):
        return Spooled(token=claimed.token, failure=prepared)
    outcomes, logs = [prepared[0]], [prepared[1]]
    for repeat in range(claimed.spec.measure.repeats):
        measured = _child(bench, claimed, watch, task="measure", repeat=repeat, deadline=deadline)
        if isinstance(measured, Failure):
            return Spooled(token=claimed.token, failure=measured)
        outcomes.append(measured[0])
        logs.append(measured[1])
    result = _result(outcomes, watch, shared_host=bench.shared_host, log_tail="".join(logs))
    return Spooled(token=claimed.token, result=result)


def _child(
    bench: Bench, claimed: Claim, watch: Watch, *, task: str, repeat: int, deadline: float
) -> tuple[Outcome, str] | Failure:
    content = _assignment(bench, claimed.spec, repeat=repeat).model_dump_json()
    # Preparing leaves nothing behind in its process, so it always starts fast; measuring starts as the platform needs.
    start: Start = bench.starts[claimed.spec.platform]
    left = max(1.0, deadline - time.monotonic())
    answer: Answer = bench.launcher.run(
        Order(task="prepare" if task == "prepare" else "measure", content=content, start=start, timeout=left), watch
    )
    if answer.failure is not None:
        return answer.failure
    return Outcome.model_validate_json(answer.content or ""), answer.log_tail


def _assignment(bench: Bench, spec: JobSpec, *, repeat: int) -> Assignment:
    return Assignment(
        spec=spec,
        cache_dir=str(bench.settings.cache_dir),
        model_roots=tuple(str(root) for root in bench.settings.model_roots),
        remote_code=bench.settings.remote_code,
        repeat=repeat,
        threads=bench.threads,
        offline=bench.settings.offline,
    )


def _result(outcomes: list[Outcome], watch: Watch, *, shared_host: bool, log_tail: str) -> Result:
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
        facts=facts,
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


def _failure(spooled: Spooled) -> Failure:
    if spooled.failure is None:
        raise ValueError("a spooled attempt has a result or a failure")
    return spooled.failure


def _tell(spooled: Spooled, settled: bool) -> None:
    if not settled:
        log.warning("not settled: the attempt was no longer ours")
    elif spooled.result is not None:
        log.info("done", verdict=spooled.result.verdict, doubts=[doubt.kind for doubt in spooled.result.doubts])
    else:
        log.warning("failed", code=_failure(spooled).code, stage=_failure(spooled).stage)
