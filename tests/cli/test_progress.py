"""Where there is no terminal, progress is one line for each change, on stderr."""

import pytest

from farm.cli.console import sweep_progress
from farm.contract.states import JobState
from farm.local.run import Glance


def glance(*running: str, **states: int) -> Glance:
    return Glance({JobState(state): count for state, count in states.items()}, running)


def test_each_change_is_a_line_and_the_last_one_says_how_it_ended(capsys: pytest.CaptureFixture[str]) -> None:
    with sweep_progress() as progress:
        progress.show(glance(waiting=4))
        progress.show(glance(waiting=4))
        progress.show(glance(queued=4))
        progress.show(glance("minilm × cpu fp32", running=1, queued=3))
        progress.show(glance("minilm\x1b[2J × cpu bf16", running=1, queued=1, failed=1, done=1))
        progress.show(glance(done=2, failed=1, unsupported=1))
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "0/4 waiting for a worker that can run them",
        "0/4 waiting for a worker",
        "0/4 minilm × cpu fp32",
        "2/4 minilm␛[2J × cpu bf16 · 1 failed",
        "4/4 all settled: 2 done, 1 failed, 1 unsupported",
    ]
