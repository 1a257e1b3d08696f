"""CSV with SI figures: every table with its keys as header, an empty line between tables.

In a report, a line that begins with # stands before each table: its section, and the command that asks for its rows.
Text that a spreadsheet would run as a formula gets an apostrophe before it; figures stay figures.
"""

import csv
import io
from typing import Final

from farm.reports.document import Cell, Document, Section, Table

ENDING = ".csv"
FORMULA: Final = ("=", "+", "-", "@")  # how a formula may begin (OWASP, "CSV injection")


def render(document: Document) -> str:
    """Write the tables of a document."""
    return "\n".join(
        (_about(section, table) if document.title else "") + _written(table)
        for section in document.sections
        for table in section.tables
    )


def harmless(cell: Cell) -> Cell:
    """Put an apostrophe before what a spreadsheet would run."""
    return f"'{cell}" if isinstance(cell, str) and cell.lstrip().startswith(FORMULA) else cell


def _about(section: Section, table: Table) -> str:
    return f"# {': '.join(filter(None, (section.title, table.command)))}\n"


def _written(table: Table) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([harmless(column.key) for column in table.columns])
    writer.writerows([harmless(cell) for cell in row] for row in table.rows)
    return out.getvalue()
