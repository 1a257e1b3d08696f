"""What a message may say: the id of a job. All else that stands in it is thrown away, and written anew.

Anybody who reaches the broker can write to its queues. kombu and Celery would act on much that stands in a message
(other tasks, callbacks, times to wait for), and some of what is no message at all would end the worker.
"""

import json
import uuid
from typing import Final

from farm.scheduler.queue import RUN_TASK

MOST_JOBS: Final = 2**31 - 1  # the highest key of a job
LONGEST: Final = 1000  # characters of a body that can name a job
REFUSED: Final = "message refused"
UNREADABLE: Final = (ValueError, TypeError, LookupError, AttributeError, RecursionError)
KIND, ENCODING = "application/json", "utf-8"


def short(body: object) -> bytes | str:
    """Give what a message brought. Raises: ValueError when it is longer than what names a job; TypeError."""
    if not isinstance(body, bytes | str):
        raise TypeError(f"it brings a {type(body).__name__}")
    if len(body) > LONGEST:
        raise ValueError("it is longer than one that names a job")
    return body


def named(task: object, body: bytes | str) -> int:
    """Give the id of the job that a message names: the task that it is for, and the arguments that it brings.

    Raises: one of UNREADABLE, whatever is wrong with it.
    """
    if task != RUN_TASK:
        raise ValueError("it is for no task of the farm")
    (job_id,), _, _ = json.loads(body)
    if type(job_id) is not int or not 0 < job_id <= MOST_JOBS:
        raise ValueError("it names no job")
    return job_id


def headers_anew(job_id: int) -> dict[str, object]:
    """Give the headers of the message that the farm itself would have sent."""
    name = str(uuid.uuid4())
    return {
        "lang": "py",
        "task": RUN_TASK,
        "id": name,
        "root_id": name,
        "retries": 0,
        "timelimit": [None, None],
        "argsrepr": f"({job_id},)",  # what monitors show
        "kwargsrepr": "{}",
    }


def body_anew(job_id: int) -> bytes:
    """Give its body."""
    return json.dumps([[job_id], {}, {}]).encode()


def why(error: Exception) -> str:
    """Say in a line of the log what is wrong with a message."""
    return str(error)[:100] or type(error).__name__
