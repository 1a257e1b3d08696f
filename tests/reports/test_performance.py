"""The performance report says what the results prove, and no more."""

import json
from typing import Any

import pytest
from sqlalchemy import Engine

from farm.contract.doubts import Doubt, DoubtKind
from farm.contract.errors import UnknownName
from farm.contract.evidence import Verdict
from farm.contract.job import ModelReference
from farm.contract.requirement import Requirement
from farm.contract.scenario import Server, Throughput
from farm.database.engine import read, write
from farm.queries.results import find_results
from farm.reports import performance
from farm.reports.document import Document
from farm.reports.formats import render
from farm.reports.performance.naming import named_among
from farm.reports.units import shown
from farm.scheduler.verify import Wish, ask
from farm.sweeps.catalogue import read_catalogue
from tests.builders import NOISE, done, failed, measured, registered, spec, submitted
from tests.queries.rows import row

MINILM = ModelReference(name="minilm", source="zoo", location="minilm", family="text_embedding")


def report(engine: Engine, *, verdict: Verdict = Verdict.REAL, doubts: tuple[Doubt, ...] = (NOISE,)) -> Document:
    """A sweep of four cells: cpu 40 ms, openvino 10 ms (with this verdict), openvino bf16 failed, cpu bf16 not run."""
    need = Requirement(tags=("box",))
    cells = [
        spec(model=MINILM, platform=platform, precision=precision, sequence_length=128, requirement=need)
        for platform, precision in (("cpu", "fp32"), ("openvino", "fp32"), ("openvino", "bf16"), ("cpu", "bf16"))
    ]
    sweep = submitted(engine, *cells, max_attempts=1)
    worker = registered(engine, "box")
    for job_id, seconds, told in ((1, 0.040, Verdict.REAL), (2, 0.010, verdict)):
        metrics = (measured("latency", seconds), measured("throughput", 1 / seconds), measured("memory_growth", 2**20))
        done(engine, worker, job_id=job_id, measurements=metrics, verdict=told, doubts=doubts)
    failed(engine, worker, job_id=3, code="out_of_memory")
    with read(engine) as session:
        return performance.build(session, sweep, catalogue=read_catalogue())


def test_a_real_result_is_compared_with_the_base_at_equal_precision(engine: Engine) -> None:
    text = render(report(engine), "markdown")
    assert (
        "| minilm | batch 1, tokens 128 | openvino | fp32 | cpu fp32 | 4.00× | 0 % | 1.00× | host | doubted |" in text
    )
    assert (
        "| minilm | openvino | fp32 | 1 | 128 | 10.0 ms | 0 % | 10.0 ms | 20 | 100 | 1 MiB | REAL | noisy_host |"
        in text
    )


@pytest.mark.parametrize(
    ("verdict", "doubts", "told"),
    [
        (Verdict.REAL, (), "done in more than one way: 1; openvino is fastest at 1.\n"),
        (Verdict.REAL, (NOISE,), "done in more than one way: 1; in 1 the fastest is doubted.\n"),
        (Verdict.MOCK, (), None),
    ],
)
def test_insights_are_true_of_the_figures(
    engine: Engine, verdict: Verdict, doubts: tuple[Doubt, ...], told: str | None
) -> None:
    text = render(report(engine, verdict=verdict, doubts=doubts), "markdown")
    assert (told or "") in text
    assert ("done in more than one way" in text) == (told is not None)
    best = "Against cpu fp32, the greatest speed-ups are minilm on openvino fp32 (4.00×"
    assert (best in text) == (verdict is Verdict.REAL and not doubts)
    assert "Slower than cpu" not in text
    assert "1 of 4 jobs failed: 1 out_of_memory." in text


def test_a_part_of_a_sweep_is_compared_with_what_is_no_part_of_it(engine: Engine) -> None:
    report(engine, doubts=())
    with read(engine) as session:
        found = performance.build(session, "last", catalogue=read_catalogue(), part={"platform": "openvino"})
    assert found.title.endswith(", openvino")
    text = render(found, "markdown")
    assert "| minilm | batch 1, tokens 128 | openvino | fp32 | cpu fp32 | 4.00× |" in text
    assert "1 of 2 REAL, 1 FAILED." in text
    assert "--platform openvino --family text_embedding`" in text
    assert "| minilm | cpu |" not in text


def test_a_model_of_several_settings_is_named_with_them() -> None:
    rows = [row(sequence_length=None), row(batch_size=8), row(model="gpt2")]
    name = named_among(rows)
    assert [*map(name, rows)] == ["minilm (batch 1)", "minilm (batch 8, tokens 128)", "gpt2"]


def test_one_comparison_is_told_once_where_the_fastest_precision_is_the_base(engine: Engine) -> None:
    text = render(report(engine), "markdown")
    assert text.count("\n## Acceleration") == 1
    assert "The fastest precision of each is fp32 too" in text


def test_a_mock_is_shown_and_never_compared(engine: Engine) -> None:
    text = render(report(engine, verdict=Verdict.MOCK), "markdown")
    assert "MOCK" in text
    assert "## Acceleration" not in text


def test_at_a_glance_stands_what_is_fastest_and_what_is_doubted(engine: Engine) -> None:
    text = render(report(engine), "markdown")
    assert (
        "| minilm | batch 1, tokens 128 | openvino fp32 | 10.0 ms | 0 % | 20 | 4.00× | cpu fp32 | noisy_host |" in text
    )
    assert "Speed of openvino against cpu fp32: every comparison is doubted, so no mean is given." in text
    assert "2 of 2 results are doubted: 2 noisy_host." in text


def test_the_mean_speed_up_is_of_undoubted_pairs(engine: Engine) -> None:
    text = render(report(engine, doubts=()), "markdown")
    said = "4.00× at fp32 (geometric mean of 1), 4.00× at its fastest precision (geometric mean of 1)"
    assert f"Speed of openvino against cpu fp32: {said}." in text
    assert "| geometric mean of 1 |  | openvino |  | cpu fp32 | 4.00× | 0 % | 1.00× | host |  |" in text
    assert "No result is doubted." in text


def test_a_terminal_gets_the_main_figures_and_no_more(engine: Engine) -> None:
    text = performance.brief(report(engine))
    assert "Ahead by" in text
    assert "noisy_host" in text
    assert "out_of_memory in measure: it broke" in text
    assert "Dimension" not in text
    assert "Method" not in text


def test_without_a_real_result_nothing_is_ranked(engine: Engine) -> None:
    with read(engine) as session, pytest.raises(UnknownName, match="there is no sweep yet"):
        performance.build(session, "last", catalogue=read_catalogue())
    sweep = submitted(engine, spec())
    with read(engine) as session:
        text = render(performance.build(session, sweep, catalogue=read_catalogue()), "markdown")
    assert "There is no REAL result, so nothing is ranked." in text
    assert "| fake-model | nothing | – | NOT RUN 1 |" in text


def test_what_was_not_measured_is_told_with_its_reason(engine: Engine) -> None:
    text = render(report(engine), "markdown")
    assert "out_of_memory in measure: it broke" in text
    assert "| REAL 1, NOT RUN 1 | FAILED 1, REAL 1 |" in text
    assert "Not proven" not in text


def test_the_status_is_counted_and_names_the_layer_that_failed(engine: Engine) -> None:
    text = render(report(engine, verdict=Verdict.SUSPECT), "markdown")
    assert "\n1 of 4 REAL, 1 SUSPECT, 1 FAILED, 1 NOT RUN.\n" in text
    assert (
        "| minilm | sentence-transformers/all-MiniLM-L6-v2 | 1,000 | REAL 1, NOT RUN 1 | SUSPECT 1, FAILED 1 |" in text
    )
    line = "minilm x openvino fp32 batch 1, tokens 128 | SUSPECT | plausibility | fail | plausibility is not as it"
    assert line in text


def test_without_evidence_nothing_is_real_whatever_was_written(engine: Engine) -> None:
    sweep = submitted(engine, spec(model=MINILM, platform="cpu"))
    done(engine, registered(engine, "cpu"), job_id=1, verdict=Verdict.REAL, evidence=())
    with read(engine) as session:
        text = render(performance.build(session, sweep, catalogue=read_catalogue()), "markdown")
    assert "0 of 1 REAL, 1 SUSPECT." in text
    assert "| – | SUSPECT 1 |" in text
    assert "| SUSPECT | identity | none | no evidence was gathered |" in text
    assert "| SUSPECT | plausibility | none | no evidence was gathered |" in text


def test_the_method_tells_the_duty_cycle(engine: Engine) -> None:
    method = next(section for section in report(engine).sections if section.title == "Method")
    assert method.paragraphs[-1].startswith("Duty cycle ")
    assert "share of the sweep's wall time" in method.paragraphs[-1]


def test_a_sweep_of_verifications_has_no_report(engine: Engine) -> None:
    submitted(engine, spec(platform="cpu"))
    done(engine, registered(engine, "cpu"), job_id=1)
    with write(engine) as session:
        (row,) = find_results(session, {})
        sweep = ask(session, Wish([row.attempt], 5, 1))
    with read(engine) as session, pytest.raises(UnknownName, match="holds verifications"):
        performance.build(session, sweep, catalogue=read_catalogue())


def test_every_format_carries_the_same_figures(engine: Engine) -> None:
    document = report(engine)
    found = json.loads(render(document, "json"))
    rows = next(section["tables"][0] for section in found["sections"] if section["title"] == "Text embedding")
    assert rows[1]["latency_p50"] == 0.010
    assert "minilm,openvino,fp32,1,128,0.01,0.0,0.01,20,100.0" in render(document, "csv")
    assert "10.0 ms" in render(document, "html")
    assert "10.0 ms" in render(document, "table")


def test_a_result_is_shown_below_its_roof(engine: Engine) -> None:
    place = [("flops_per_call", 2e9), ("bytes_per_call", 2**22), ("achieved_flops", 1e11), ("roofline_fraction", 0.25)]
    measurements = tuple(measured(name, figure) for name, figure in place)
    sweep = submitted(engine, spec(model=MINILM, sequence_length=128))
    facts = {"roofline": {"error": 0.05, "binds": "memory"}}
    done(engine, registered(engine, "fake"), job_id=1, measurements=measurements, facts=facts)
    with read(engine) as session:
        text = render(performance.build(session, sweep, catalogue=read_catalogue()), "markdown")
    assert "| 2.00 GFLOP | 4 MiB | 100 GFLOP/s | – | 25.0 % | 5.00 % | memory |" in text


@pytest.mark.parametrize(
    ("cell", "unit", "text"),
    [
        (0.0123, "s", "12.3 ms"),
        (2.5, "s", "2.50 s"),
        (3e-5, "s", "30.0 µs"),
        (2**21, "bytes", "2 MiB"),
        (None, "s", "–"),
    ],
)
def test_figures_are_written_for_people(cell: float | None, unit: str, text: str) -> None:
    assert shown(cell, unit) == text


def of_scenarios(engine: Engine) -> str:
    """The report of single calls, a searched throughput, a server in time, one overloaded, and one at its highest."""
    need = Requirement(tags=("box",))
    searching = Throughput(search_batch_size=(1, 8), memory_bytes=2.0**31)
    changes: tuple[dict[str, Any], ...] = (
        {},
        {"scenario": "throughput", "throughput": searching},
        {"scenario": "server", "server": Server(rate=5)},
        {"scenario": "server", "server": Server(rate=50)},
        {"scenario": "server", "server": Server(rate="highest", latency_bound=0.1)},
    )
    cells = [spec(model=MINILM, platform="cpu", requirement=need, **change) for change in changes]
    sweep, worker = submitted(engine, *cells), registered(engine, "box")
    tried = [{"batch_size": 4, "items_per_second": 100.0}, {"batch_size": 8, "items_per_second": None, "refused": "no"}]
    steps = [{"rate": 20.0, "holds": True}, {"rate": 40.0, "holds": False}]
    served = (measured("server_latency", 0.012), measured("service_time", 0.010), measured("offered_rate", 5.2))
    results: tuple[dict[str, Any], ...] = (
        {"measurements": (measured("latency", 0.010),)},
        {
            "measurements": (measured("latency", 0.040), measured("sustained_throughput", 98.0)),
            "facts": {"batch_search": {"best": 4, "ended": "memory ran out", "tried": tried}},
        },
        {"measurements": served, "facts": {"rate": 5.0, "load": 0.05}},
        {
            "measurements": (measured("service_time", 0.1),),
            "facts": {
                "rate": 50.0,
                "load": 5.0,
                "overloaded": {"rate": 50.0, "served": 12.0, "left": 30, "longest_wait": 2.5},
            },
            "doubts": (Doubt(kind=DoubtKind.OVERLOADED, figure=5.0, detail="too much"),),
        },
        {
            "measurements": (*served, measured("highest_rate", 20.0)),
            "facts": {
                "rate": 20.0,
                "load": 0.2,
                "within_bound": 0.995,
                "rate_search": {"ended": "found", "steps": steps},
            },
        },
    )
    for job_id, result in enumerate(results, start=1):
        done(engine, worker, job_id=job_id, **result)
    with read(engine) as session:
        return render(performance.build(session, sweep, catalogue=read_catalogue()), "markdown")


def test_throughputs_and_servers_have_tables_of_their_own(engine: Engine) -> None:
    text = of_scenarios(engine)
    assert "| minilm | cpu | fp32 | 4 | 98.0 | 0 % | 40.0 ms | 20 | – | REAL |  | 1 to 8 | memory ran out |" in text
    assert "| 4: 100, 8: no |" in text
    assert "| minilm | cpu | fp32 | 5.00 | 12.0 ms | – | – | 5.00 % | 20 | – | – | REAL |  | – |" in text
    assert (
        "| minilm | cpu | fp32 | 20.0 | 12.0 ms | – | – | 20.0 % | 20 | 20.0 | p99 within 100 ms | REAL |  | 99.5 % |"
        in text
    )
    assert "| found | 20.0/s held, 40.0/s did not |" in text


def test_an_overloaded_server_is_told_in_words_and_has_no_percentiles(engine: Engine) -> None:
    text = of_scenarios(engine)
    said = "offered 50.0 queries per second, served 12.0; the queue was still growing, and the longest wait was 2.50 s"
    assert f"minilm on cpu fp32 was overloaded: {said}" in text
    assert "| minilm | cpu | fp32 | 50.0 | – | – | – | 500 % | 20 | – | – | REAL | overloaded |" in text


def test_what_is_no_single_call_is_neither_ranked_nor_in_the_familys_table(engine: Engine) -> None:
    text = of_scenarios(engine)
    (table,) = (part for part in text.split("\n## ") if part.startswith("Text embedding\n"))
    assert table.count("\n| minilm") == 1
    (glance,) = (part for part in text.split("\n## ") if part.startswith("At a glance"))
    assert glance.count("\n| minilm") == 1
