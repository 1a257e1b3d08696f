"""The formats of a report and of a listing: one file per format, found by its name.

In: a document, with whatever people wrote in it. Out: text that is safe to show; each format also escapes what its own
readers would take for more than text.
"""

import importlib
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from farm.contract.errors import UserMistake
from farm.reports.chart import Chart
from farm.reports.document import Document, Section, Table
from farm.reports.printable import printable

#: Formats that keep every character, because they write those that cannot be shown as escapes of their own.
FAITHFUL: Final = frozenset({"json"})
#: Endings that people may type with a file's name, where formats add their own.
ENDINGS: Final = frozenset({".csv", ".html", ".json", ".md"})


def render(document: Document, form: str) -> str:
    """Write a document in a format, named by its file in this folder."""
    shown = document if form in FAITHFUL else _printable(document)
    text: str = importlib.import_module(f"{__name__}.{form}").render(shown)
    return text


def render_table(table: Table, form: str) -> str:
    """Write one table, as a listing does."""
    return render(Document("", (Section("", (), (table,)),)), form)


def write_files(document: Document, to: Path, *, formats: Sequence[str]) -> list[Path]:
    """Write a document in several formats, each with its own ending in place of the one that `to` has; give the files.

    Raises: UserMistake when they cannot be written.
    """
    written = []
    name = to.stem if to.suffix in ENDINGS else to.name
    for form in formats:
        ending = str(importlib.import_module(f"{__name__}.{form}").ENDING)
        path = to.with_name(name + ending)
        make_room(path)
        try:
            path.write_text(render(document, form), encoding="utf-8")
        except OSError as error:
            raise UserMistake(f"cannot write the report {path}: {error.strerror or error}") from error
        written.append(path)
    return written


def make_room(path: Path) -> None:
    """Make the folder of a file: asked before long work, so that its report does not fail at the end.

    Raises: UserMistake when it cannot be made or written to.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise UserMistake(f"cannot write the report {path}: {error.strerror or error}") from error


def _printable(document: Document) -> Document:
    sections = tuple(
        Section(
            printable(section.title),
            tuple(map(printable, section.paragraphs)),
            tuple(_printable_table(table) for table in section.tables),
            tuple(_printable_chart(chart) for chart in section.charts),
        )
        for section in document.sections
    )
    return Document(printable(document.title), sections)


def _printable_table(table: Table) -> Table:
    rows = tuple(tuple(printable(cell) if isinstance(cell, str) else cell for cell in row) for row in table.rows)
    columns = tuple(column._replace(title=printable(column.title)) for column in table.columns)
    return table._replace(columns=columns, rows=rows, note=printable(table.note), command=printable(table.command))


def _printable_chart(chart: Chart) -> Chart:
    series = tuple(
        each._replace(
            name=printable(each.name), marks=tuple(mark._replace(words=printable(mark.words)) for mark in each.marks)
        )
        for each in chart.series
    )
    rows = tuple(map(printable, chart.rows))
    return chart._replace(title=printable(chart.title), tells=printable(chart.tells), series=series, rows=rows)
