"""Each result comes with its own metrics, doubts and proof, however many results are asked for at once."""

import pytest
from sqlalchemy import Engine

from farm.contract.evidence import Evidence, Verdict
from farm.contract.scenario import Server, Throughput
from farm.database.engine import read
from farm.queries import parts, results
from farm.queries.ranking import rank
from tests.builders import NOISE, done, evidence, measured, registered, spec, submitted
from tests.queries.rows import row


@pytest.mark.parametrize("batch", [1, 2, 100])
def test_metrics_and_doubts_stay_with_their_result(engine: Engine, batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "BATCH", batch)
    submitted(engine, *(spec(batch_size=size) for size in (1, 2, 3)))
    worker = registered(engine, "fake")
    for job_id in (1, 2, 3):
        done(
            engine,
            worker,
            job_id=job_id,
            measurements=(measured("latency", float(job_id)),),
            doubts=(NOISE,) if job_id == 2 else (),
        )
    with read(engine) as session:
        found = results.find_results(session, {})
    assert [(each.batch_size, each.median("latency"), each.doubts) for each in found] == [
        (3, 3.0, ()),
        (2, 2.0, ("noisy_host",)),
        (1, 1.0, ()),
    ]


@pytest.mark.parametrize(
    ("evidence", "platform", "verdict"),
    [
        (evidence(), "cpu", "real"),
        ((), "cpu", "suspect"),
        (tuple(item for item in evidence() if item.layer != "plausibility"), "cpu", "suspect"),
        (evidence(Verdict.MOCK), "cpu", "mock"),
        (evidence(), "fake", "mock"),
    ],
)
def test_the_verdict_is_what_the_evidence_earns_whatever_was_written(
    engine: Engine, evidence: tuple[Evidence, ...], platform: str, verdict: str
) -> None:
    submitted(engine, spec(platform=platform))
    done(engine, registered(engine, platform), job_id=1, evidence=evidence)  # written down as real
    with read(engine) as session:
        (found,) = results.find_results(session, {})
        assert found.verdict == verdict
        assert len(results.find_results(session, {"verdict": "real"})) == (verdict == "real")
    assert (found.told() == "REAL") == (verdict == "real")
    assert len(rank([found])) == (verdict == "real")


def test_a_result_names_its_work_and_how_it_was_done() -> None:
    found = row(new_tokens=8, scenario="throughput", options={"b": 2, "a": True})
    assert found.settings() == "batch 1, tokens 128+8, throughput"
    assert found.variant() == "cpu fp32 a=True b=2"
    assert row(sequence_length=None, new_tokens=8).settings() == "batch 1, new tokens 8"
    assert found.machine_words() == "CPU, 2 cores, 8 GiB, GPU"


def test_the_settings_of_a_scenario_are_told_and_make_another_work() -> None:
    slow, fast = (row(scenario="server", server=Server(rate=rate)) for rate in (5.0, 50.0))
    assert slow.settings() == "batch 1, tokens 128, server 5/s"
    assert slow.work() != fast.work()
    searched = row(
        scenario="throughput",
        throughput=Throughput(search_batch_size=(1, 64), memory_bytes=2.0**33),
        facts={"batch_search": {"best": 16}},
    )
    assert searched.settings() == "batch 1 to 64, tokens 128, throughput within 8 GiB"
    assert searched.measured_batch() == 16
    assert row(batch_size=4).measured_batch() == 4


def test_the_interval_is_a_share_of_the_median() -> None:
    assert row(latency=0.5, half_width=0.05).half_interval() == pytest.approx(0.1)
    assert row(latency=None).half_interval() is None


def test_the_fake_platform_never_told_real() -> None:
    assert row(platform="fake").told() == "FAKE"
    assert row(verdict="mock").told() == "MOCK"
