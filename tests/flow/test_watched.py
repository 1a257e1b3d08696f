"""A farm that is watched: monitors of Celery see its messages go by, and each machine runs its canary."""

import importlib
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from sqlalchemy import select

from farm.database import tables
from farm.database.engine import read
from tests.faults.yard import Yard, job, open_yard

HOURS = "24"


def test_a_monitor_sees_jobs_go_by_and_a_worker_runs_its_canary(
    postgres_url: str, redis_url: str, model_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FARM_BROKER_URL", redis_url)
    app = importlib.import_module("farm.scheduler.monitor").app
    with open_yard(postgres_url, redis_url, cache_dir=model_cache) as yard:
        yard.scheduler(FARM_CANARY_HOURS=HOURS)
        worker = yard.worker("watched", FARM_CANARY_HOURS=HOURS, FARM_TASK_EVENTS="true")
        yard.ready(worker)
        sweep, story = watched(app, yard)
        assert list(story) == ["task-received", "task-started", "task-succeeded"]
        assert story["task-received"]["name"] == "farm.run"
        assert yard.ended(sweep) == {"done": 1}
        yard.wait(lambda: canaries(yard))
        ((state, model, standing),) = canaries(yard)
        assert (state, model) == ("canary", "fake-model")
        assert standing in ("learning", "disturbed")  # by the tests beside this one
        assert worker.log().count("after=running") == 2


def watched(app: Celery, yard: Yard) -> tuple[str, dict[str, dict[str, Any]]]:
    """Submit a job while looking on; give its sweep, and what a monitor saw of its message, by kind."""
    seen: list[dict[str, Any]] = []
    with app.connection_for_read() as connection:
        receiver = app.events.Receiver(connection, handlers={"*": seen.append})
        looking = receiver.itercapture(timeout=60)
        next(looking)  # a worker's heartbeat: from now on, nothing is missed
        sweep = yard.submit(job("watched"))
        (number,) = yard.ids(sweep)

        def ours() -> dict[str, dict[str, Any]]:
            received = [each for each in seen if each.get("args") == f"({number},)"]
            return {each["type"]: each for each in seen for one in received if each.get("uuid") == one["uuid"]}

        while "task-succeeded" not in ours():
            next(looking)
        return sweep, ours()


def canaries(yard: Yard) -> list[tuple[str, str, str]]:
    """Give state, model and standing of the canaries that have run."""
    with read(yard.engine) as session:
        rows = session.execute(
            select(tables.Attempt.state, tables.Job.model, tables.Attempt.facts)
            .join(tables.Job, tables.Job.id == tables.Attempt.job_id)
            .join(tables.Sweep, tables.Sweep.id == tables.Job.sweep_id)
            .where(tables.Sweep.name == "canary", tables.Attempt.finished_at.is_not(None))
        )
        return [(row.state, row.model, row.facts["canary"]["standing"]) for row in rows]
