"""Print what the farm costs per job when the jobs themselves take no time, on a Valkey and a PostgreSQL of its own.

    .venv/bin/python bench/scale.py [--jobs 1000 100000] [--workers 4]

For each number of jobs: seconds to submit them (cells that are expanded already); then jobs per second from dispatch
through claim to settled, by the farm's own scheduler and workers; the cost per job relative to the first line; resident
memory of the scheduler and of the largest worker, after a tenth of the jobs and at the end. What the audit of all of
them finds wrong comes last.

Before and after, in the same run: no-op tasks per second of bare Celery, by as many workers with the settings of the
farm (one thread, no message reserved ahead, JSON, no results, no events). The clock runs while one process sends the
tasks, as a loop of `send_task` does, and until the last has run, with workers that are ready before. Once each message
is taken off its queue for good, as the farm does on Redis; once it is acknowledged after its task, as Celery users do
who want none lost. A job of the farm is sent within its time too, many in one round trip; it writes 14 rows and
commits twice, where a no-op task writes nothing.

What it leaves out: a worker here settles a small result at once, without a child, a spool on disk, a lock of the device
or lines in a log; PostgreSQL waits for no disk (see tests/services.py); and nothing crosses a network.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from kombu import Queue
from sqlalchemy import Engine, Select, func, select

from farm.contract.states import UNSETTLED
from farm.database import migrate, tables
from farm.database.engine import open_engine, read
from farm.queries.audit import audit
from farm.scheduler.queue import KEY_PREFIX, make_app
from farm.settings import PREFIX
from tests.builders import spec, submitted
from tests.services import PostgresServer, ValkeyServer, postgres_server, valkey_server

HERE = Path(__file__).parent
NO_OPS = 5000
NO_OP = "bench.noop"  # the task and its queue
READY = "bench:ready"  # a key that counts the workers that are
UNACKNOWLEDGED = "unacked"  # kombu's key of them
WINDOW = 250  # jobs published ahead for each worker: ten times a second would do for a thousand a second
LOOK_EVERY = 0.1  # seconds


@contextmanager
def running(*commands: list[str], environment: dict[str, str]) -> Iterator[list[psutil.Process]]:
    """Run processes until the end of the block."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    started = [subprocess.Popen(command, env=ours | environment, cwd=HERE.parent) for command in commands]
    try:
        yield [psutil.Process(each.pid) for each in started]
    finally:
        for each in started:
            each.kill()
            each.wait()


def workers(number: int, what: str) -> list[list[str]]:
    """Give the commands of the workers."""
    return [[sys.executable, str(HERE / "scale_worker.py"), what, f"w{index}"] for index in range(number)]


def no_ops(broker: ValkeyServer, number: int, *, what: str, environment: dict[str, str]) -> float:
    """Give the no-op tasks per second of bare Celery."""
    app = make_app(broker.url)
    queue = Queue(NO_OP, routing_key=NO_OP)
    with broker.client() as client, running(*workers(number, what), environment=environment):
        client.delete(READY)
        while int(str(client.get(READY) or 0).strip("b'")) < number:
            time.sleep(LOOK_EVERY)
        began = time.monotonic()
        for _ in range(NO_OPS):
            app.send_task(NO_OP, queue=queue, ignore_result=True)
        while client.exists(*(KEY_PREFIX + name for name in (NO_OP, UNACKNOWLEDGED))):
            time.sleep(LOOK_EVERY / 10)
        return NO_OPS / (time.monotonic() - began)


def print_no_ops(broker: ValkeyServer, number: int, *, environment: dict[str, str]) -> None:
    """Print that of both ways to take a message."""
    rates = [no_ops(broker, number, what=what, environment=environment) for what in ("noop", "noop-acknowledged")]
    print("bare Celery: {:.0f} no-op tasks/s, {:.0f} acknowledged".format(*rates), flush=True)


def drain(
    engine: Engine, jobs: int, *, commands: list[list[str]], environment: dict[str, str]
) -> tuple[float, list[str]]:
    """Submit and drain so many jobs; give the steady rate, and the words of the line."""
    cells = [spec(seed=seed) for seed in range(jobs)]
    began = time.monotonic()
    sweep = submitted(engine, *cells)
    submit = time.monotonic() - began
    with running(*commands, environment=environment) as processes:
        first = begun(engine, 1)
        tenth = begun(engine, jobs // 10)
        early = memory(processes)
        end = settled(engine)
        late = memory(processes)
    with read(engine) as session:
        wrong = len(audit(session, ended=sweep))
    rate = (jobs - jobs // 10) / (end - tenth)
    return rate, [f"{submit:8.2f}", f"{jobs / (end - first):8.0f}", f"{rate:9.0f}", f"{early}", f"{late}", f"{wrong:5}"]


def begun(engine: Engine, attempts: int) -> float:
    """Wait until so many attempts have begun, which counting all jobs again and again would slow down."""
    last = select(func.max(tables.Attempt.id))
    while _found(engine, last) < attempts:
        time.sleep(LOOK_EVERY)
    return time.monotonic()


def settled(engine: Engine) -> float:
    """Wait until no job is left; give the time."""
    left = select(tables.Job.id).where(tables.Job.state.in_(UNSETTLED)).limit(1)
    while _found(engine, left):
        time.sleep(LOOK_EVERY)
    return time.monotonic()


def _found(engine: Engine, question: Select[Any]) -> int:
    with read(engine) as session:
        return session.execute(question).scalar() or 0


def memory(processes: list[psutil.Process]) -> str:
    """Give the resident MiB of the scheduler and of the largest worker."""
    scheduler, *others = [process.memory_info().rss / 2**20 for process in processes]
    return f"{scheduler:5.0f} {max(others):5.0f}"


def measure(postgres: PostgresServer, broker: ValkeyServer, *, asked: argparse.Namespace, folder: str) -> None:
    """Print the lines."""
    environment = {"FARM_BROKER_URL": broker.url, "FARM_DATA_DIR": folder, "FARM_WINDOW": str(WINDOW)}
    environment["FARM_LOG_LEVEL"] = "ERROR"
    print_no_ops(broker, asked.workers, environment=environment)
    print("   jobs  submit s   jobs/s  steady/s  MiB early    MiB late   wrong  cost", flush=True)
    first = 0.0
    scheduler = [sys.executable, "-c", "from farm.cli import main; main()", "scheduler"]
    for jobs in asked.jobs:
        with postgres.database() as url:
            engine = open_engine(url)
            migrate.upgrade(engine)
            commands = [scheduler, *workers(asked.workers, "farm")]
            rate, line = drain(engine, jobs, commands=commands, environment=environment | {"FARM_DATABASE_URL": url})
            engine.dispose()
        first = first or rate
        print(f"{jobs:7}  {'  '.join(line)}  {first / rate:4.2f}", flush=True)
    print_no_ops(broker, asked.workers, environment=environment)


def main() -> None:
    """Measure with services of our own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, nargs="+", default=[1000, 20_000])
    parser.add_argument("--workers", type=int, default=4)
    asked = parser.parse_args()
    with postgres_server() as postgres, valkey_server() as broker, tempfile.TemporaryDirectory() as folder:
        measure(postgres, broker, asked=asked, folder=folder)


if __name__ == "__main__":
    main()
