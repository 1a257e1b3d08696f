"""Asks the workers' package of this box a question, as a process: the control plane imports none of it."""

import os
import subprocess
import sys
from collections.abc import Sequence

from farm.contract.errors import EnvironmentFault
from farm.settings import Settings


def ask_workers(settings: Settings, arguments: Sequence[str]) -> str:
    """Run `python -m workers` with arguments, and give its stdout.

    Raises: EnvironmentFault with what it wrote to stderr.
    """
    done = subprocess.run(
        [sys.executable, "-m", "workers", *arguments],
        env=os.environ | settings.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        told = "\n".join(done.stderr.strip().splitlines()[-3:])
        raise EnvironmentFault(f"the workers of this box did not answer: {told}")
    return done.stdout
