"""Builders of the values that many tests need, each complete and each field open to change."""

from typing import Any

from sqlalchemy import Engine, select

from farm.contract.doubts import Doubt, DoubtKind
from farm.contract.evidence import Evidence, Layer, Outcome, Verdict
from farm.contract.job import JobSpec, ModelReference
from farm.contract.machine import GIB, Environment, Machine, PlatformStatus, Probe
from farm.contract.requirement import Requirement, offer_of
from farm.contract.result import Failure, Measurement, Result
from farm.contract.states import Stage
from farm.contract.statistics import Statistics
from farm.database import tables
from farm.database.engine import read, write
from farm.scheduler.claim import Claim, claim
from farm.scheduler.dispatch import Message, Rules, dispatch
from farm.scheduler.enlist import SHARED_POOL, Submission, enlist
from farm.scheduler.register import Registration, register
from farm.scheduler.settle import settle_failure, settle_result

NOISE = Doubt(kind=DoubtKind.NOISY_HOST, figure=0.5, detail="noise")
RULES = Rules(pool=SHARED_POOL, window=2, republish_seconds=30, silence_seconds=30)


def spec(**changes: Any) -> JobSpec:
    """One job of the fake model, or with changes."""
    platform = changes.get("platform", "fake")
    plain: dict[str, Any] = {
        "model": ModelReference(name="fake-model", source="zoo", location="fake-model", family="fake"),
        "platform": platform,
        "precision": "fp32",
        "requirement": Requirement(tags=(platform,)),
    }
    return JobSpec(**(plain | changes))


def submitted(engine: Engine, *specs: JobSpec, **changes: Any) -> str:
    """A sweep of these jobs; gives its id."""
    plain: dict[str, Any] = {
        "name": "test",
        "plan": {},
        "source": "name: test",
        "labels": {},
        "priority": 5,
        "max_attempts": 2,
        "cells": [(each, None) for each in specs],
    }
    with write(engine) as session:
        return enlist(session, Submission(**(plain | changes)))


def registered(
    engine: Engine, *tags: str, name: str = "worker", host: str = "host", packages: dict[str, str] | None = None
) -> Registration:
    """A live worker with these tags and packages; every host is the same kind of machine."""
    machine = Machine(
        host_id=host,
        name="box",
        cpu_model="CPU",
        architecture="x86_64",
        cores=2,
        threads=2,
        memory_bytes=8 * GIB,
        system="Linux",
    )
    statuses = tuple(PlatformStatus(platform=tag, available=True, tags=(tag,)) for tag in tags)
    environment = Environment(python="3.11", kernel="6", packages=packages or {"torch": "2"})
    probe = Probe(machine=machine, environment=environment, platforms=statuses)
    offer = offer_of(machine, frozenset(tags))
    with write(engine) as session:
        return register(session, probe, offer=offer, pool=SHARED_POOL, name=name, pid=1)


def dispatched(engine: Engine, rules: Rules = RULES) -> list[Message]:
    """One round of dispatch."""
    with write(engine) as session:
        return dispatch(session, rules)


def claimed(engine: Engine, worker: Registration, *, job_id: int = 1, lease_seconds: float = 60) -> Claim:
    """A job of this worker's, dispatched and claimed."""
    dispatched(engine)
    with write(engine) as session:
        found = claim(session, job_id, worker=worker, lease_seconds=lease_seconds)
    assert found is not None
    return found


def states(engine: Engine) -> list[str]:
    """The states of all jobs, in order."""
    with read(engine) as session:
        return list(session.execute(select(tables.Job.state).order_by(tables.Job.id)).scalars())


def evidence(verdict: Verdict = Verdict.REAL) -> tuple[Evidence, ...]:
    """Evidence of every layer that earns this verdict: all pass, or one fails."""
    failed = {Verdict.MOCK: Layer.IDENTITY, Verdict.SUSPECT: Layer.PLAUSIBILITY}.get(verdict)
    return tuple(
        Evidence(
            layer=layer,
            outcome=Outcome.FAIL if layer is failed else Outcome.PASS,
            reason=f"{layer} is not as it should be" if layer is failed else "as it should be",
            figures={"parameters_in_files": 1000} if layer is Layer.IDENTITY else {},
        )
        for layer in Layer
    )


def result(**changes: Any) -> Result:
    """A real result with one metric, and the evidence for it; with another verdict, the evidence for that."""
    seconds = (0.25, 0.5, 0.75)
    statistics = Statistics(n=3, mean=0.5, median=0.5, minimum=0.25, maximum=0.75, stddev=0.25)
    plain: dict[str, Any] = {
        "measurements": (Measurement(metric="latency", statistics=statistics, samples=(seconds,)),),
        "verdict": Verdict.REAL,
        "evidence": evidence(changes.get("verdict", Verdict.REAL)),
        "log_tail": "hello",
    }
    return Result(**(plain | changes))


def failure(code: str, **changes: Any) -> Failure:
    """A failure while measuring."""
    plain: dict[str, Any] = {"stage": Stage.MEASURE, "code": code, "error": "Error", "message": "it broke"}
    return Failure(**(plain | changes))


def measured(metric: str, median: float, *, half_width: float = 0.0, n: int = 20) -> Measurement:
    """One metric with this median, and an interval of so much on both sides."""
    statistics = Statistics(
        n=n,
        mean=median,
        median=median,
        minimum=median,
        maximum=median,
        p95=median,
        ci_low=median - half_width,
        ci_high=median + half_width,
    )
    return Measurement(metric=metric, statistics=statistics, samples=((median,) * n,))


def done(engine: Engine, worker: Registration, *, job_id: int, **changes: Any) -> None:
    """A job of this worker's, run to its end with `result(**changes)`."""
    held = claimed(engine, worker, job_id=job_id)
    with write(engine) as session:
        assert settle_result(session, held.token, result(**changes))


def failed(engine: Engine, worker: Registration, *, job_id: int, code: str, **changes: Any) -> None:
    """A job of this worker's, run to a failure."""
    held = claimed(engine, worker, job_id=job_id)
    with write(engine) as session:
        assert settle_failure(session, held.token, failure(code, **changes))
