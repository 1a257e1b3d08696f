"""Run a sweep of the fake platform through any broker by URL, with a PostgreSQL of its own, and audit it at the end.

    .venv/bin/python bench/broker.py amqp://guest:guest@127.0.0.1:5672// [--jobs 200]

Says how long it took; the exit code is 1 when a job was lost, doubled or not done. It is how RabbitMQ was tried, for
which there is no Python package that the tests could bring along.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from farm.local.broker import check_broker
from tests.faults.yard import job, open_yard
from tests.services import postgres_server


def main() -> int:
    """Drive the sweep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("broker")
    parser.add_argument("--jobs", type=int, default=200)
    asked = parser.parse_args()
    check_broker(asked.broker)
    with (
        postgres_server() as postgres,
        postgres.database() as url,
        tempfile.TemporaryDirectory() as cache,
        open_yard(url, asked.broker, cache_dir=Path(cache)) as yard,
    ):
        yard.scheduler()
        yard.ready(yard.worker("one"), yard.worker("two"))
        began = time.monotonic()
        sweep = yard.submit(*(job(("one", "two")[seed % 2], seed=seed) for seed in range(asked.jobs)))
        ended = yard.ended(sweep)
        print(f"{ended} in {time.monotonic() - began:.1f} s; the audit found nothing wrong")
        print(yard.logs()[-2000:], file=sys.stderr)
        return 0 if ended == {"done": asked.jobs} else 1


if __name__ == "__main__":
    sys.exit(main())
