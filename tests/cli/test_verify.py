"""Mistakes in what is to be verified, told before anything is started."""

import pytest

from tests.cli.conftest import Farm


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("nope",), "no result 'nope'; `farm results` lists them"),
        ((), "name results to verify, or give --all-of SWEEP"),
        (("nope", "--all-of", "last"), "name results to verify, or give --all-of SWEEP"),
        (("--all-of", "nope"), "no sweep 'nope'"),
    ],
)
def test_a_mistake_is_told(farm: Farm, words: tuple[str, ...], told: str) -> None:
    answer = farm("verify", *words, check=2)
    assert told in answer.err
    assert answer.out == ""


def test_a_job_that_failed_has_no_evidence_to_verify(farm: Farm, jobs: list[str]) -> None:
    assert f"no result '{jobs[2]}'" in farm("verify", jobs[2], check=2).err


@pytest.mark.usefixtures("filled")
def test_a_broker_that_does_not_answer_is_told_before_anything_is_written(farm: Farm, jobs: list[str]) -> None:
    assert "no broker at" in farm("verify", jobs[0], "--broker", "redis://127.0.0.1:1/0", check=3).err
    assert "verify" not in farm("jobs", "list").out
