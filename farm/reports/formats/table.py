"""Plain aligned columns, for a terminal."""

import textwrap
from collections.abc import Sequence
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
    # Words among figures stand left: a long one would push the figures far away from what they are about.
    right = [
        [figure and not isinstance(cell, str) for cell, figure in zip(row, figures, strict=True)] for row in table.rows
    ]
    lines = [_line(titles, widths, figures), _line(["-" * width for width in widths], widths, figures)]
    lines += [_line(row, widths, sides) for row, sides in zip(rows, right, strict=True)]
    below = [*([_wrapped(table.note)] if table.note else []), *([f"From: {table.command}"] if table.command else [])]
    return "\n".join([*lines, *below])


def _line(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    aligned = [_aligned(cell, width, right=side) for cell, width, side in zip(cells, widths, right, strict=True)]
    return "  ".join(aligned).rstrip()


def _aligned(text: str, width: int, *, right: bool) -> str:
    """Fill a text up to so many columns of a terminal; a letter may take two of them."""
    blank = " " * (width - cell_len(text))
    return blank + text if right else text + blank


def _wrapped(text: str) -> str:
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)
