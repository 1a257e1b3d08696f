"""CSV with SI figures: every table with its keys as header, an empty line between tables.

Text that a spreadsheet would run as a formula gets an apostrophe before it; figures stay figures.
"""

import csv
import io
from typing import Final

from farm.reports.document import Cell, Document

ENDING = ".csv"
FORMULA: Final = ("=", "+", "-", "@")  # how a formula may begin (OWASP, "CSV injection")


def render(document: Document) -> str:
    """Write the tables of a document."""
    tables = [table for section in document.sections for table in section.tables]
    parts = []
    for table in tables:
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow([harmless(column.key) for column in table.columns])
        writer.writerows([harmless(cell) for cell in row] for row in table.rows)
        parts.append(out.getvalue())
    return "\n".join(parts)


def harmless(cell: Cell) -> Cell:
    """Put an apostrophe before what a spreadsheet would run."""
    return f"'{cell}" if isinstance(cell, str) and cell.lstrip().startswith(FORMULA) else cell
