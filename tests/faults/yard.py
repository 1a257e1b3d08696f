"""A farm of real processes on one box, each of which a drill may hurt. Its settings are short: seconds, not minutes."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import psutil
from sqlalchemy import Engine, func, select

from farm.contract.job import JobSpec, Measure
from farm.contract.requirement import Requirement
from farm.contract.states import FINAL, JobState
from farm.database import migrate, tables
from farm.database.engine import open_engine, read
from farm.queries.audit import audit
from farm.queries.jobs import JobDetail, get_job
from farm.settings import PREFIX
from tests.builders import spec, submitted

LEASE: Final = 4.0  # seconds
TIMES: Final = {
    "LEASE_SECONDS": LEASE,
    "HEARTBEAT_SECONDS": 2,
    "REPUBLISH_SECONDS": 2,
    "BROKER_TIMEOUT_SECONDS": 2,
    "CANARY_HOURS": 0,
}
SOAK: Final = os.environ.get("SOAK_LOG", "")  # set by bench/soak.py: the file to note counts in; drills are longer
WITHIN: Final = 120.0  # seconds in which things must happen; none of them is timed
LOOK_EVERY: Final = 0.02  # seconds
ONCE: Final = Measure(min_iterations=1, max_iterations=1, min_seconds=0, warmup_seconds=0)


class Gate:
    """Holds a run of the fake platform where it calls for the gate, until it is opened; from then on it is open."""

    def __init__(self, path: Path) -> None:
        """Make the gate, closed."""
        os.mkfifo(path)
        self.path = path
        self._held: int | None = None

    def reached(self) -> bool:
        """Say whether a run stands before it; it is held from then on."""
        if self._held is None:
            try:
                self._held = os.open(self.path, os.O_WRONLY | os.O_NONBLOCK)
            except OSError:  # nobody reads
                return False
        return True

    def open_for_others(self) -> None:
        """Let every run pass but the one that it holds."""
        passage = self.path.with_suffix(".open")
        passage.touch()
        passage.replace(self.path)

    def open(self) -> None:
        """Let every run pass."""
        self.open_for_others()
        if self._held is not None:
            os.close(self._held)
            self._held = None


class Hand(NamedTuple):
    """One process of the farm: a scheduler or a worker."""

    process: "subprocess.Popen[bytes]"
    folder: Path

    def log(self) -> str:
        """Give what it has written."""
        return (self.folder / "log").read_text(errors="replace")

    def alive(self) -> bool:
        """Say whether it runs."""
        return self.process.poll() is None

    def fork_server(self) -> psutil.Process:
        """Find the process that forks its children."""
        children = psutil.Process(self.process.pid).children()
        return next(each for each in children if "forkserver" in " ".join(each.cmdline()))


def kill(*hands: Hand) -> None:
    """End processes as a power cut would, and what they have started must end as well."""
    below = [each for hand in hands for each in psutil.Process(hand.process.pid).children(recursive=True)]
    stopped = [each for each in below if each.status() == psutil.STATUS_STOPPED]
    for hand in hands:
        hand.process.kill()
    for each in stopped:  # it cannot see that its parent is gone
        each.kill()
    for hand in hands:
        hand.process.wait()
    _, alive = psutil.wait_procs(below, timeout=WITHIN)
    assert alive == []


class Yard:
    """One database, one broker, and any number of processes."""

    def __init__(self, folder: Path, *, database_url: str, broker_url: str, cache_dir: Path) -> None:
        """Prepare the database; nothing is started."""
        self.folder = folder
        self.database_url = database_url
        self.broker_url = broker_url
        self._cache_dir = cache_dir
        self._workers: dict[str, Hand] = {}
        self.schedulers: list[Hand] = []
        self.engine: Engine = open_engine(database_url)
        migrate.upgrade(self.engine)

    def scheduler(self, **environment: str) -> Hand:
        """Start a scheduler."""
        command = ("-c", "from farm.cli import main; main()", "scheduler")
        hand = self._start(f"scheduler{len(self.schedulers)}", *command, **environment)
        self.schedulers.append(hand)
        return hand

    def worker(self, name: str, *, tags: Sequence[str] = (), **environment: str) -> Hand:
        """Give the worker with this name, which is a tag of its own beside others; it is started if it does not run."""
        known = self._workers.get(name)
        if known is not None and known.alive():
            return known
        command = ["-m", "workers", "serve", "--platform", "fake", "--name", name]
        for tag in (name, *tags):
            command += ["--tag", tag]
        self._workers[name] = self._start(name, *command, **environment)
        return self._workers[name]

    def ready(self, *workers: Hand) -> None:
        """Wait until these workers take jobs."""
        for worker in workers:
            self.wait(lambda worker=worker: "ready" in worker.log() or not worker.alive())  # type: ignore[misc]
            assert worker.alive(), worker.log()

    def _start(self, name: str, *command: str, **environment: str) -> Hand:
        folder = self.folder / name
        shutil.rmtree(folder / "tmp", ignore_errors=True)
        (folder / "tmp").mkdir(parents=True)
        plain = {key: value for key, value in os.environ.items() if not key.startswith(PREFIX)}
        own = {
            "DATABASE_URL": self.database_url,
            "BROKER_URL": self.broker_url,
            "DATA_DIR": str(folder),
            "CACHE_DIR": str(self._cache_dir),
            **{key: str(value) for key, value in TIMES.items()},
        }
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, *command],
                env={
                    **plain,
                    "TMPDIR": str(folder / "tmp"),  # where the host's lock lies: each is a host of its own
                    **{f"{PREFIX}{key}": value for key, value in own.items()},
                    **environment,
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        return Hand(process, folder)

    def gate(self, name: str) -> Gate:
        """Make a gate."""
        return Gate(self.folder / f"{name}.gate")

    def submit(self, *specs: JobSpec, **changes: Any) -> str:
        """Submit a sweep of these jobs; give its id."""
        return submitted(self.engine, *specs, **changes)

    def states(self, sweep: str) -> dict[str, int]:
        """Count the jobs of a sweep by state."""
        here = (tables.Sweep.id == tables.Job.sweep_id) & (tables.Sweep.public_id == sweep)
        with read(self.engine) as session:
            rows = session.execute(
                select(tables.Job.state, func.count().label("number"))
                .join(tables.Sweep, here)
                .group_by(tables.Job.state)
            ).all()
        return {row.state: row.number for row in rows}

    def jobs(self, sweep: str) -> list[JobDetail]:
        """Give the jobs of a sweep with their whole history."""
        here = (tables.Sweep.id == tables.Job.sweep_id) & (tables.Sweep.public_id == sweep)
        with read(self.engine) as session:
            ids = session.execute(select(tables.Job.public_id).join(tables.Sweep, here).order_by(tables.Job.id))
            return [get_job(session, public_id) for public_id in ids.scalars()]

    def ids(self, sweep: str) -> list[int]:
        """Give what messages call the jobs of a sweep."""
        here = (tables.Sweep.id == tables.Job.sweep_id) & (tables.Sweep.public_id == sweep)
        with read(self.engine) as session:
            return [*session.execute(select(tables.Job.id).join(tables.Sweep, here)).scalars()]

    def wait(self, happened: Callable[[], object], *, within: float = WITHIN) -> None:
        """Wait until something happened."""
        until = time.monotonic() + within
        while not happened():
            assert time.monotonic() < until, f"it did not happen\n{self.logs()}"
            time.sleep(LOOK_EVERY)

    def ended(self, sweep: str) -> dict[str, int]:
        """Wait until a sweep has ended; give its jobs by state, after an audit that found nothing."""
        try:
            self.wait(lambda: all(JobState(state) in FINAL for state in self.states(sweep)))
        finally:
            if SOAK:
                note(self.jobs(sweep))
        with read(self.engine) as session:
            assert audit(session, ended=sweep) == [], self.logs()
        self.wait(lambda: not [*self.folder.glob("*/spool/*")])
        return self.states(sweep)

    def logs(self) -> str:
        """Give the ends of all logs."""
        return "\n".join(f"== {path}\n{path.read_text()[-3000:]}" for path in sorted(self.folder.glob("*/log")))

    def close(self) -> None:
        """Kill all that still runs."""
        kill(*(hand for hand in (*self.schedulers, *self._workers.values()) if hand.alive()))
        self.engine.dispose()


@contextmanager
def open_yard(database_url: str, broker_url: str, *, cache_dir: Path) -> Iterator[Yard]:
    """Have a yard until the end of the block."""
    with tempfile.TemporaryDirectory(prefix="farm-yard-") as folder:  # not pytest's: sockets need a short path
        yard = Yard(Path(folder), database_url=database_url, broker_url=broker_url, cache_dir=cache_dir)
        try:
            yield yard
        finally:
            yard.close()


def note(jobs: Sequence[JobDetail]) -> None:
    """Write down for a soak how many of these jobs were lost, and how many have two results."""
    lost = sum(JobState(each.row.state) not in FINAL for each in jobs)
    doubled = sum([attempt.state for attempt in each.attempts].count("done") > 1 for each in jobs)
    drill = os.environ["PYTEST_CURRENT_TEST"].partition("::")[2].partition(" ")[0]
    line = json.dumps({"drill": drill, "jobs": len(jobs), "lost": lost, "doubled": doubled})
    with Path(SOAK).open("a") as log:
        log.write(f"{line}\n")


def longer(seconds: float) -> None:
    """Let a fault last longer, in a soak."""
    if SOAK:
        time.sleep(seconds)


def job(worker: str, *, seed: int = 0, **options: Any) -> JobSpec:
    """A job that only the worker with this name can take; it makes one call."""
    need = Requirement(tags=("fake", worker))
    return spec(seed=seed, options=options, measure=ONCE, requirement=need)


def gated(worker: str, gate: Gate, *, stage: str = "measure", seed: int = 0) -> JobSpec:
    """A job that is held by a gate, while loading or in its call."""
    return job(worker, seed=seed, fault="gate", fault_stage=stage, gate=str(gate.path))
