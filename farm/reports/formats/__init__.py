"""The formats of a report and of a listing: one file per format, found by its name."""

import importlib
from collections.abc import Sequence
from pathlib import Path

from farm.reports.document import Document, Section, Table


def render(document: Document, form: str) -> str:
    """Write a document in a format, named by its file in this folder."""
    text: str = importlib.import_module(f"{__name__}.{form}").render(document)
    return text


def render_table(table: Table, form: str) -> str:
    """Write one table, as a listing does."""
    return render(Document("", (Section("", (), (table,)),)), form)


def write_files(document: Document, to: Path, *, formats: Sequence[str]) -> list[Path]:
    """Write a document beside `to` in several formats, each with its own ending; give the files."""
    written = []
    to.parent.mkdir(parents=True, exist_ok=True)
    for form in formats:
        ending = str(importlib.import_module(f"{__name__}.{form}").ENDING)
        path = to.with_name(to.name + ending)
        path.write_text(render(document, form))
        written.append(path)
    return written
