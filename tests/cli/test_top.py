"""`farm top` looks once where there is no terminal, and its parts are for machines too."""

import json

import pytest

from tests.cli.conftest import Farm

pytestmark = pytest.mark.usefixtures("filled")


def test_one_look_has_jobs_queues_and_workers(farm: Farm) -> None:
    answer = farm("top", "-f", "json")
    seen = json.loads(answer.out)
    assert answer.err == ""
    (jobs,) = seen["jobs"]
    assert (jobs["done"], jobs["failed"], jobs["waiting"], jobs["unsupported"]) == (2, 1, 1, 1)
    assert (jobs["done_1h"], jobs["failed_1h"], jobs["doubted_1h"]) == (2, 1, 1)
    assert [(row["needs"], row["waiting"], row["workers"]) for row in seen["queues"]] == [("cuda", 1, 0)]
    assert [row["worker"] for row in seen["workers"]] == ["worker"]


def test_people_get_tables_and_csv_the_workers(farm: Farm) -> None:
    assert "Takes no jobs because" in farm("top", "--once").out
    assert farm("top", "--once", "-f", "csv").out.startswith("worker,machine,pool,cell,running,heard,rests\n")
