"""Plain aligned columns, for a terminal."""

import textwrap
from typing import Final

from rich.cells import cell_len

from farm.reports.document import Document, Table
from farm.reports.units import shown

ENDING = ".txt"
WIDTH: Final = 100  # columns of running text


def render(document: Document) -> str:
    """Write a document."""
    parts = [document.title] if document.title else []
    for section in document.sections:
        parts += [section.title] if section.title else []
        parts += map(_wrapped, section.paragraphs)
        parts += [_table(table) for table in section.tables]
    return "\n\n".join(parts) + "\n"


def _table(table: Table) -> str:
    rows = [[shown(cell, column.unit) for cell, column in zip(row, table.columns, strict=True)] for row in table.rows]
    titles = [column.title for column in table.columns]
    widths = [max(cell_len(row[i]) for row in [titles, *rows]) for i in range(len(titles))]
    figures = [bool(column.unit) for column in table.columns]
    lines = []
    for row in [titles, ["-" * width for width in widths], *rows]:
        cells = [_aligned(cell, width, right=figure) for cell, width, figure in zip(row, widths, figures, strict=True)]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines) + (f"\n{_wrapped(table.note)}" if table.note else "")


def _aligned(text: str, width: int, *, right: bool) -> str:
    """Fill a text up to so many columns of a terminal; a letter may take two of them."""
    blank = " " * (width - cell_len(text))
    return blank + text if right else text + blank


def _wrapped(text: str) -> str:
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)
