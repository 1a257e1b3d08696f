"""Pictures are always the same, need nothing from elsewhere, take the colours of their page, and say what they show."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from farm.reports.chart import MOST_ROWS, Axis, Chart, Drawn, Line, Mark, Series, rows_chart
from farm.reports.document import Column, Document, Section, Table
from farm.reports.drawing import svg
from farm.reports.drawing.scales import tick
from farm.reports.formats import render

WILD = "<script>alert(1)</script> $x^2$ & \"'"
SECONDS = Axis("Latency", "s")


def of_rows(*lines: Line, log: bool = False) -> Chart:
    order = tuple(dict.fromkeys(line.series for line in lines))
    return rows_chart("Rows", lines, x=Axis("Latency", "s", log=log), tells="what it tells", order=order)


def of_curves(*marks: Mark, drawn: Drawn = Drawn.STEPS) -> Chart:
    return Chart("Curves", "what it tells", SECONDS, Axis("Share", "%"), (Series("a", marks, drawn),))


DOTS = of_rows(Line("one", 0.01, 0.009, 0.011, "cpu", "10.0 ms"), Line("two", 0.02, None, None, "openvino"))
BARS = Chart(
    "Bars",
    "what it tells",
    Axis("Cells", "1"),
    Axis(""),
    (
        Series("REAL", (Mark(2, 0, words="2 REAL"), Mark(1, 1)), Drawn.BARS),
        Series("FAILED", (Mark(1, 0),), Drawn.BARS, 1),
    ),
    rows=("cpu", "cuda"),
)
STEPS = of_curves(Mark(0.01, 0), Mark(0.02, 50), Mark(0.03, 100))
ALL = {"dots": DOTS, "bars": BARS, "steps": STEPS}


def words(text: str) -> list[str]:
    return [each.text or "" for each in ET.fromstring(text).iter("{http://www.w3.org/2000/svg}text")]


def height(text: ET.Element) -> float:
    """Where a text stands: it has a place, or is moved there."""
    moved = re.search(r"translate\([\d.-]+ ([\d.-]+)\)", text.get("transform", ""))
    return float(moved[1] if moved else text.get("y", "nan"))


def across(text: ET.Element) -> float:
    """Where a text begins."""
    moved = re.search(r"translate\(([\d.-]+) ", text.get("transform", ""))
    return float(moved[1] if moved else text.get("x", "nan"))


def test_a_legend_of_long_names_stays_in_the_picture() -> None:
    names = [f"a model of a long name, result {place}, n = 20" for place in range(4)]
    series = tuple(Series(name, STEPS.series[0].marks, Drawn.STEPS, place) for place, name in enumerate(names))
    root = ET.fromstring(svg(STEPS._replace(series=series)))
    wide = float(root.get("viewBox", "").split()[2])
    told = [each for each in root.iter("{http://www.w3.org/2000/svg}text") if each.text and "n = 20" in each.text]
    assert len(told) == len(names)
    assert all(across(each) + len(each.text or "") * 4.5 < wide for each in told)


def test_ticks_are_as_far_apart_as_they_say() -> None:
    line = Line("one", 1.02, 1.01, 1.04, "ratio")
    chart = rows_chart("R", (line,), x=Axis("R", "x", log=True), tells="", order=("ratio",), reference=1.0)
    ticks = [float(word.removesuffix("×")) for word in words(svg(chart)) if word.endswith("×")]
    assert len(ticks) > 2
    assert np.diff(ticks) == pytest.approx(ticks[1] - ticks[0])


@pytest.mark.parametrize("chart", ALL.values(), ids=ALL)
def test_a_picture_is_one_element_that_is_always_the_same(chart: Chart) -> None:
    text = svg(chart)
    assert text == svg(chart)
    root = ET.fromstring(text)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root.findtext("{http://www.w3.org/2000/svg}title") == chart.title
    assert root.findtext("{http://www.w3.org/2000/svg}desc") == "what it tells"
    addresses = re.findall(r"https?://[^\"' ]+", text)
    assert set(addresses) <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert "<metadata" not in text
    assert "<image" not in text


@pytest.mark.parametrize("chart", ALL.values(), ids=ALL)
def test_all_colours_are_the_pages(chart: Chart) -> None:
    assert set(re.findall(r"#[0-9a-f]{6}", re.sub(r"var\([^)]*\)", "", svg(chart)))) == set()


def test_figures_are_written_with_units_and_names_beside_their_rows() -> None:
    found = words(svg(DOTS))
    assert {"one", "two", "10.0 ms", "Latency", "cpu", "openvino", "20 ms", "0"} <= set(found)


def test_names_stay_text() -> None:
    found = words(svg(of_rows(Line(WILD[:20], 1.0, None, None, WILD[:20]), Line("b $x$", 2.0, None, None, "b"))))
    assert WILD[:20] in found
    assert "b $x$" in found


def test_a_long_name_is_cut_in_its_middle() -> None:
    found = words(svg(of_rows(Line("start" + "x" * 300 + "end", 1.0, None, None, "a"))))
    assert [word for word in found if word.startswith("start") and "…" in word and word.endswith("end")]


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("figures", [(1.0,), (1.0, 1.0), (1e-6, 1e3), (0.0, 1.0)])
def test_any_figures_can_be_drawn(figures: tuple[float, ...], log: bool) -> None:
    assert len(words(svg(of_rows(*(Line("a", each, None, None, "s") for each in figures), log=log)))) > 1


def test_more_rows_than_fit_are_left_out_and_that_is_said() -> None:
    chart = of_rows(*(Line(f"model-{number}", 1.0 + number, None, None, "cpu") for number in range(60)))
    assert len(chart.rows) == MOST_ROWS
    assert chart.tells.endswith(f"The first {MOST_ROWS} of 60 are drawn.")


@pytest.mark.parametrize(
    ("figure", "told"), [(0.01, "10 ms"), (0.0125, "12.5 ms"), (100.0, "100 s"), (2e9, "2 GFLOP/s")]
)
def test_ticks_have_no_zeros_that_tell_nothing(figure: float, told: str) -> None:
    assert tick(figure, "FLOP/s" if figure > 1e6 else "s") == told


def test_a_page_has_the_picture_and_other_formats_its_figures() -> None:
    table = Table((Column("latency", "Latency", "s"),), ((0.01,), (0.02,)), command="farm results --model 'a b'")
    whole = Document("Whole", (Section("Latency", (), (table,), (DOTS,)),))
    page = render(whole, "html")
    assert page.count("<svg ") == 1
    assert "--series-0: #0072b2" in page
    assert "<code>farm results --model &#39;a b&#39;</code>" in page
    assert "10.0 ms" in render(whole, "markdown")
    assert "From: `farm results --model 'a b'`" in render(whole, "markdown")
    assert render(whole, "csv") == "# Latency: farm results --model 'a b'\nlatency\n0.01\n0.02\n"
    assert '"name": "openvino"' in render(whole, "json")


def test_letters_that_the_drawing_font_lacks_are_left_to_the_page(recwarn: pytest.WarningsRecorder) -> None:
    assert "模型" in words(svg(of_rows(Line("模型", 1.0, None, None, "cpu"))))
    assert not [str(each.message) for each in recwarn if "Glyph" in str(each.message)]


def test_words_stand_beside_their_points_and_over_no_others() -> None:
    chart = of_curves(
        Mark(1.0, 10.0, words="first"), Mark(1.001, 10.0, words="second"), Mark(2.0, 90.0), drawn=Drawn.DOTS
    )
    heights = {each.text: height(each) for each in ET.fromstring(svg(chart)).iter("{http://www.w3.org/2000/svg}text")}
    assert abs(heights["first"] - heights["second"]) >= 8
