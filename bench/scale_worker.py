"""A Celery worker without children, for bench/scale.py: it does nothing, or claims a job and settles a small result."""

import sys
import threading
import time
from collections.abc import Callable

import redis
from celery import Celery, signals
from kombu import Queue

from farm.contract.requirement import Requirement
from farm.database.engine import open_engine, write
from farm.scheduler.claim import claim
from farm.scheduler.queue import make_app, only_task, task_queue
from farm.scheduler.register import heartbeat
from farm.scheduler.settle import settle_result
from farm.settings import Settings, read_settings
from tests.builders import registered, result
from workers.straight import Straight


def noop_tasks(app: Celery) -> None:
    """Make a task that does nothing."""
    app.conf.broker_transport = None  # kombu's own: the farm's refuses tasks that are none of its own

    @app.task(name="bench.noop", ignore_result=True)
    def _noop() -> None:
        pass


def tell_ready(**_: object) -> None:
    """Count this worker among those that take tasks now."""
    redis.Redis.from_url(read_settings().broker_url).incr("bench:ready")


def farm_tasks(app: Celery, settings: Settings, name: str, *, wake: Callable[[], object]) -> str:
    """Make the farm's task, without a child; give its queue."""
    engine = open_engine(settings.sql_url())
    me = registered(engine, "fake", name=name, host=name)
    small = result()

    def beat() -> None:
        while True:
            time.sleep(settings.heartbeat_seconds)
            with write(engine) as session:
                heartbeat(session, me.worker_id)

    threading.Thread(target=beat, daemon=True).start()

    def run(job_id: object) -> None:
        assert isinstance(job_id, int)
        with write(engine) as session:
            claimed = claim(session, job_id, worker=me, lease_seconds=60)
        if claimed is not None:
            with write(engine) as session:
                settle_result(session, claimed.token, small)

    only_task(app, run, Strategy=Straight(run, wake))
    return Requirement(tags=("fake",)).queue()


def main() -> None:
    """Serve until killed."""
    what, name = sys.argv[1:]
    settings = read_settings()
    app = make_app(settings.broker_url)
    if what == "farm":
        wake = lambda: worker.consumer.call_soon(int)  # noqa: E731 - to be called is enough to wake the loop
        queue = task_queue(farm_tasks(app, settings, name, wake=wake), settings.broker_url)
    else:
        noop_tasks(app)
        queue = Queue("bench.noop", routing_key="bench.noop", no_ack=what == "noop")
        signals.worker_ready.connect(tell_ready, weak=False)
    app.conf.task_queues = [queue]
    worker = app.Worker(
        hostname=f"{name}@bench",
        pool="threads",
        concurrency=1,
        loglevel="ERROR",
        without_gossip=True,
        without_mingle=True,
        quiet=True,
    )
    worker.start()


if __name__ == "__main__":
    main()
