"""`farm metrics` says what Prometheus can read, once or over HTTP."""

import os
import re
import signal
import subprocess
import sys
import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families as parsed
from sqlalchemy import Engine

from tests.cli.conftest import Farm

FARM = [sys.executable, "-c", "from farm.cli import main; main()"]


def samples(text: str) -> dict[tuple[str, ...], float]:
    return {(s.name, *s.labels.values()): s.value for family in parsed(text) for s in family.samples}


@pytest.mark.usefixtures("filled")
def test_the_metrics_are_those_of_the_database(farm: Farm) -> None:
    found = samples(farm("metrics").out)
    assert found["farm_database_up",] == 1
    assert found["farm_jobs", "done"] == 2
    assert found["farm_jobs", "waiting"] == 1
    assert found["farm_queue_jobs", "farm.v1.cuda", "waiting"] == 1
    assert found["farm_queue_workers", "farm.v1.cuda"] == 0
    assert found["farm_workers", "idles"] == 1
    assert found["farm_attempts_total", "done"] == 2
    assert found["farm_attempts_total", "failed"] == 1
    assert found["farm_attempts_total", "expired"] == 0
    assert found["farm_doubts_total", "noisy_host"] == 1
    assert ("farm_attempt_seconds", "openvino", "0.95") in found


def test_they_are_served_until_told_to_stop(filled: Engine) -> None:
    del filled
    command = [*FARM, "metrics", "--listen", "127.0.0.1:0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ) as serving:
        assert serving.stderr is not None
        (address,) = re.findall(r"http://\S+", serving.stderr.readline())
        with urllib.request.urlopen(address, timeout=30) as answer:
            found = samples(answer.read().decode())
        serving.send_signal(signal.SIGTERM)
    assert serving.returncode == 0
    assert found["farm_jobs", "done"] == 2


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("listen", ["9464", "localhost:", ":9464", "localhost:99999", "localhost:x"])
def test_a_wrong_address_says_what_is_needed(farm: Farm, listen: str) -> None:
    assert "HOST:PORT is needed" in farm("metrics", "--listen", listen, check=2).err
