"""Two sides are matched cell by cell, told apart only where that is sure, refused where they have nothing in common."""

import pytest
from sqlalchemy import Engine

from farm.contract.doubts import Doubt, DoubtKind
from farm.contract.errors import FarmError, UnknownName, UserMistake
from farm.contract.evidence import Verdict
from farm.database.engine import read
from farm.queries.compare import Answer, Comparison, comparable, compare
from farm.queries.sides import side_of
from tests.queries.histories import Box, cell, seconds

FAST, SLOW = seconds(0.0100, 0.0101, 0.0099), seconds(0.0120, 0.0121, 0.0119)
WIDE = seconds(0.0100, 0.0115, 0.0087)


def compared(engine: Engine, first: str, second: str, **asked: object) -> Comparison:
    with read(engine) as session:
        return compare(session, side_of(session, first), side_of(session, second), **asked)  # type: ignore[arg-type]


def answers(found: Comparison) -> dict[str, Answer]:
    return {line.cell.removeprefix("minilm x cpu fp32 "): line.answer for line in found.lines}


def test_each_cell_gets_its_answer(engine: Engine) -> None:
    box = Box(engine)
    sizes = [cell(batch_size=size) for size in (1, 2, 4, 8)]
    box.ran(list(zip(sizes, (FAST, SLOW, FAST, WIDE), strict=True)), labels={"commit": "a"})
    box.ran(list(zip(sizes, (SLOW, FAST, FAST, WIDE), strict=True)), labels={"commit": "b"})
    found = compared(engine, "commit=a", "commit=b")
    assert answers(found) == {
        "batch 1 tokens 128": Answer.SLOWER,
        "batch 2 tokens 128": Answer.FASTER,
        "batch 4 tokens 128": Answer.SAME,
        "batch 8 tokens 128": Answer.UNKNOWN,
    }
    slower, _, _, unknown = found.lines
    assert slower.ratio.ratio == pytest.approx(1.2, abs=0.01)
    assert 1.1 < slower.ratio.low < 1.2 < slower.ratio.high < 1.3
    assert (slower.missing, unknown.missing > 10) == (0, True)
    assert found.unmatched == ()


def test_for_a_rate_more_is_faster(engine: Engine) -> None:
    box = Box(engine)
    for label, figures in (("a", (100, 101, 99)), ("b", (120, 121, 119))):
        box.ran([(cell(), seconds(*figures, metric="throughput"))], labels={"commit": label})
    (line,) = compared(engine, "commit=a", "commit=b", metrics=("throughput",)).lines
    assert line.answer is Answer.FASTER


def test_a_small_difference_counts_as_none_up_to_the_threshold(engine: Engine) -> None:
    box = Box(engine)
    box.ran([(cell(), seconds(*(0.01 + each * 1e-6 for each in range(6))))], name="before")
    box.ran([(cell(), seconds(*(0.0103 + each * 1e-6 for each in range(6))))], name="after")
    assert list(answers(compared(engine, "before", "after")).values()) == [Answer.SAME]
    assert list(answers(compared(engine, "before", "after", threshold=0.02)).values()) == [Answer.SLOWER]


def test_many_comparisons_do_not_find_something_by_chance(engine: Engine) -> None:
    box = Box(engine)
    chance = seconds(0.0108, 0.0119, 0.0111)  # alone, this is told apart
    others = [(cell(batch_size=size), WIDE) for size in range(2, 30)]
    box.ran([(cell(), FAST), *others], name="before")
    box.ran([(cell(), chance), *others], name="after")
    box.ran([(cell(batch_size=99), FAST)], name="before alone")
    box.ran([(cell(batch_size=99), chance)], name="after alone")
    assert compared(engine, "before", "after").counts[Answer.SLOWER] == 0
    assert compared(engine, "before alone", "after alone").counts[Answer.SLOWER] == 1


def test_platforms_are_compared_where_both_sides_name_one(engine: Engine) -> None:
    box = Box(engine)
    box.ran([(cell(), SLOW), (cell(platform="openvino"), FAST)])
    found = compared(engine, "platform=cpu", "platform=openvino,name=nightly")
    assert [(line.cell, line.answer) for line in found.lines] == [
        ("minilm x cpu → openvino fp32 batch 1 tokens 128", Answer.FASTER)
    ]
    assert found.across == ("platform",)


def test_doubtful_and_unproven_results_are_left_out_and_counted(engine: Engine) -> None:
    box = Box(engine)
    noise = Doubt(kind=DoubtKind.NOISY_HOST, figure=1, detail="noise")
    box.ran([(cell(), FAST)], name="before")
    box.ran([(cell(), SLOW)], name="after", doubts=(noise,))
    box.ran([(cell(), SLOW)], name="after", verdict=Verdict.MOCK)
    with pytest.raises(
        UserMistake, match="'after' has no results to compare; left out: 1 doubted, 1 mock; --doubtful takes"
    ):
        compared(engine, "before", "after")
    found = compared(engine, "before", "after", doubtful=True)
    assert found.left_out == {"before": {}, "after": {"mock": 1}}
    assert len(found.lines) == 1


def test_cells_of_one_side_only_are_named_with_what_differs(engine: Engine) -> None:
    box = Box(engine)
    box.ran([(cell(), FAST), (cell(batch_size=8), FAST)], name="before")
    box.ran([(cell(), FAST), (cell(batch_size=4, precision="bf16"), FAST)], name="after")
    found = compared(engine, "before", "after")
    assert [each[:2] for each in found.unmatched] == [
        ("before", "minilm x cpu fp32 batch 8 tokens 128"),
        ("after", "minilm x cpu bf16 batch 4 tokens 128"),
    ]
    assert [each.differs for each in found.unmatched] == [
        "batch_size: 8 / 1",
        "precision: bf16 / fp32, batch_size: 4 / 1",
    ]
    with pytest.raises(UserMistake, match=r"nothing in common.*\n.*: platform: cpu / openvino\n"):
        box.ran([(cell(platform="openvino"), FAST)], name="other")
        compared(engine, "before", "other")


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        ("nihgtly", "nightly", r"no sweep has the id or name 'nihgtly'; did you mean nightly\?"),
        ("last", "nightly", r"have 1 results in common, and no result can be compared with itself"),
        ("nightly", "soon..", r"'soon' is no point in time"),
        ("nightly", " , ", r"an empty side"),
        ("nightly", "platform=cpuu", r"no results to compare; no platform is called 'cpuu'; did you mean cpu\?"),
        ("nightly", "sweep=nope", r"no sweep has the id or name 'nope'"),
        ("nightly", "..2020-01-01", r"'..2020-01-01' has no results to compare"),
    ],
)
def test_mistakes_are_told(engine: Engine, first: str, second: str, told: str) -> None:
    Box(engine).ran([(cell(), FAST)])
    with pytest.raises(UserMistake, match=told):
        compared(engine, first, second)


def test_sides_in_words(engine: Engine) -> None:
    box = Box(engine)
    sweep = box.ran([(cell(), FAST)], labels={"commit": "a", "quick": True, "machine": "blue", "number": 7})
    box.ran([(cell(), SLOW)], name="after")
    for words in ("7d..,nightly", sweep, "quick=true", "number=7", "label machine=blue", "machine=box,commit=a"):
        assert compared(engine, words, "last").counts[Answer.SLOWER] == 1, words
    with pytest.raises(FarmError, match="no results"):
        compared(engine, "label:machine=box", "last")


def test_what_has_no_better_direction_or_is_no_speed_is_not_compared() -> None:
    assert comparable("latency")
    assert comparable("realtime_factor")
    assert not comparable("memory_peak")
    assert not comparable("build_time")
    assert not comparable("no such metric")
    assert issubclass(UnknownName, UserMistake)
