"""Whatever people wrote, every format shows it as text: no formulas, no terminal escapes, no markup."""

import csv
import io
import json

import pytest

from farm.reports.document import Column, Document, Section, Table
from farm.reports.formats import render, render_table
from farm.reports.printable import printable, printable_lines

FORMS = ("table", "json", "csv", "markdown", "html")
ESCAPE = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e"


def listing(*cells: str | float | None, unit: str = "", badges: bool = False) -> Table:
    return Table((Column("it", "It", unit, badges=badges),), tuple((cell,) for cell in cells))


@pytest.mark.parametrize("form", FORMS)
def test_nothing_that_a_terminal_obeys_comes_out(form: str) -> None:
    whole = Document(f"t{ESCAPE}", (Section(f"s{ESCAPE}", (f"p{ESCAPE}",), (listing(f"c{ESCAPE}"),)),))
    for text in (render(whole, form), render_table(listing(f"a\x00{ESCAPE}b"), form)):
        assert not [character for character in text if not character.isprintable() and character != "\n"]


def test_words_among_figures_stand_left() -> None:
    shown = render_table(listing(12.5, "of it", 3, None, unit="si"), "table").splitlines()
    assert shown[2:] == [" 12.5", "of it", "    3", "    –"]


def test_json_keeps_every_character() -> None:
    assert json.loads(render_table(listing(f"a\n{ESCAPE} × \U0001f600"), "json")) == [
        {"it": f"a\n{ESCAPE} × \U0001f600"}
    ]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\r=1"])
def test_csv_text_is_no_formula(text: str) -> None:
    found = list(csv.reader(io.StringIO(render_table(listing(text), "csv"))))
    assert found[1][0].startswith("'")


def test_csv_figures_stay_figures() -> None:
    assert render_table(listing(-1.5, 2, None), "csv") == 'it\n-1.5\n2\n""\n'


def test_markdown_and_html_show_markup_as_text() -> None:
    wild = "<img src=x> | [a](b) `c` *d* \\|"
    assert render_table(listing(wild), "markdown").splitlines()[2] == (
        "| &lt;img src=x> \\| \\[a](b) \\`c\\` \\*d\\* \\\\\\| |"
    )
    assert "<img" not in render_table(listing(wild), "html")
    assert "<script>" not in render(Document("<script>", ()), "html")


def test_a_cell_stays_on_its_line() -> None:
    assert render_table(listing("one\ntwo"), "table").splitlines()[2] == "one two"


def test_wide_letters_are_counted_as_a_terminal_shows_them() -> None:
    table = Table((Column("a", "A"), Column("b", "B")), (("模型", "x"), ("abcd", "x")))
    assert render_table(table, "table").splitlines()[2:4] == ["模型  x", "abcd  x"]


def test_badges_are_coloured_by_what_they_say() -> None:
    page = render_table(listing("REAL 2, MOCK 1", "noisy_host", "", badges=True), "html")
    assert '<span class="badge good">REAL 2</span> <span class="badge bad">MOCK 1</span>' in page
    assert '<span class="badge ">noisy_host</span>' in page
    assert page.count('class="badge ') == 3


def test_a_log_keeps_its_lines_and_loses_its_colours() -> None:
    assert printable_lines("\x1b[31mred\x1b[0m\r\n10 %\r20 %\n\ttab \x1b[2J") == "red\n10 %\n20 %\n\ttab ␛[2J"


def test_control_characters_are_shown_as_pictures() -> None:
    assert printable("a\x00\x07\x7f\x9b\u202e\u00a0b") == "a␀␇␡\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER} b"
