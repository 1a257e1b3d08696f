"""Of the messages that a worker takes, each is one job's life; whatever one raises, the worker takes the next."""

import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from celery.worker import state
from structlog.testing import capture_logs

from farm.scheduler.queue import make_app
from workers.straight import Straight

APP = make_app("redis://nobody")


def test_a_message_is_reserved_until_its_job_has_run_and_then_the_loop_is_woken() -> None:
    began, may_end, woken = threading.Event(), threading.Event(), threading.Event()
    ran: list[object] = []

    def run(job_id: object) -> None:
        began.set()
        may_end.wait()
        ran.append(job_id)

    with ThreadPoolExecutor(1) as executor:
        handle = Straight(run, woken.set)(None, APP, SimpleNamespace(pool=SimpleNamespace(executor=executor)))
        handle(message(7), None)
        began.wait()
        assert len(state.reserved_requests) == 1
        assert not woken.is_set()
        may_end.set()
        woken.wait()
        assert len(state.reserved_requests) == 0
    assert ran == [7]


@pytest.mark.parametrize("payload", [[[7], {}, {}], [[], {}, {}], "nonsense"])
def test_whatever_a_job_raises_is_logged_and_the_next_is_taken(payload: object) -> None:
    woken = threading.Event()

    def run(_job_id: object) -> None:
        raise ValueError("what no job may raise")

    with capture_logs() as logs:
        with ThreadPoolExecutor(1) as executor:
            handle = Straight(run, woken.set)(None, APP, SimpleNamespace(pool=SimpleNamespace(executor=executor)))
            handle(SimpleNamespace(headers={"id": "1"}, payload=payload))
        assert woken.is_set()
    assert len(state.reserved_requests) == 0
    assert [(line["log_level"], line["event"]) for line in logs] == [("error", "a job's life broke off")]
    assert "ValueError" in logs[0]["reason"]


def test_a_worker_that_stops_says_nothing_of_a_job_that_it_never_began(caplog: pytest.LogCaptureFixture) -> None:
    may_end = threading.Event()
    executor = ThreadPoolExecutor(1)
    executor.submit(may_end.wait)
    with capture_logs() as logs:
        handle = Straight(print, print)(None, APP, SimpleNamespace(pool=SimpleNamespace(executor=executor)))
        handle(message(7))
        executor.shutdown(wait=False, cancel_futures=True)
        may_end.set()
    state.reserved_requests.clear()
    assert logs == []
    assert caplog.records == []  # where the executor tells of what its callbacks raise


def message(job_id: int) -> SimpleNamespace:
    """A message that names a job."""
    return SimpleNamespace(headers={"id": "1"}, payload=[[job_id], {}, {}])
