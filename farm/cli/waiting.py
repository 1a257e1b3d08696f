"""Shared by commands that wait for the farm's workers: a sweep's progress is shown until all of it is settled."""

import time
from typing import Final

from sqlalchemy import Engine

from farm.cli.console import sweep_progress
from farm.local.run import Glance, glance

LOOK_EVERY: Final = 0.5  # seconds


def until_settled(engine: Engine, sweep: str) -> Glance:
    """Wait until a sweep is settled, and give how it ended; jobs that wait for a machine are waited for."""
    with sweep_progress() as progress:
        while (seen := glance(engine, sweep)).settled() < seen.total():
            progress.show(seen)
            time.sleep(LOOK_EVERY)
        progress.show(seen)
    return seen
