"""Runs a sweep as `farm run` does, in a data folder of its own, and reads the results from the database afterwards."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import select

from farm.contract.states import AttemptState, JobState
from farm.database import tables
from farm.database.engine import open_engine, read
from farm.queries.results import ResultDetail, find_result
from farm.settings import read_settings

FARM = "from farm.cli import main; main()"
SOME_FAILED = 1  # exit code of a sweep that came to its end


class Measured(NamedTuple):
    """One finished attempt: its result and the seconds from claim to settled."""

    detail: ResultDetail
    seconds: float

    def name(self) -> str:
        """Name the cell."""
        row = self.detail.row
        return f"{row.model} x {row.variant()} {row.settings()}"

    def proving(self) -> float:
        """Give the seconds that gathering the evidence took."""
        return float(self.detail.row.facts["stages"]["prove"])


class Ran(NamedTuple):
    """A sweep that came to its end: its results, oldest first, and the jobs that failed."""

    measured: list[Measured]
    failed: list[str]


def farm_run(sweep: str) -> Ran:
    """Run a sweep, given as YAML; progress goes to this terminal. The cache of models is the person's own."""
    with tempfile.TemporaryDirectory(prefix="farm-bench-") as folder:
        settings = read_settings().model_copy(update={"data_dir": Path(folder)})
        path = Path(folder) / "sweep.yaml"
        path.write_text(sweep)
        command = [sys.executable, "-c", FARM, "run", str(path), "--report", str(Path(folder) / "report")]
        environment = os.environ | settings.environment()
        done = subprocess.run(command, env=environment, check=False, stdout=subprocess.DEVNULL)
        if done.returncode not in (0, SOME_FAILED):
            sys.exit(done.returncode)
        with read(open_engine(settings.sql_url())) as session:
            attempts = session.execute(
                select(tables.Attempt).where(tables.Attempt.state == AttemptState.DONE).order_by(tables.Attempt.id)
            ).scalars()
            ended = [(each.public_id, each.started_at, each.finished_at) for each in attempts]
            measured = [
                Measured(find_result(session, name), (finished - started).total_seconds())
                for name, started, finished in ended
                if finished is not None
            ]
            jobs = session.execute(select(tables.Job).where(tables.Job.state == JobState.FAILED)).scalars()
            failed = [f"{job.model} x {job.platform} {job.precision}: {job.reason}" for job in jobs]
        return Ran(measured, failed)
