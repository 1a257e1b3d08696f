"""Plain aligned columns, for a terminal."""

from farm.reports.document import Document, Table
from farm.reports.units import shown

ENDING = ".txt"


def render(document: Document) -> str:
    """Write a document."""
    parts = [document.title] if document.title else []
    for section in document.sections:
        parts += [section.title] if section.title else []
        parts += section.paragraphs
        parts += [_table(table) for table in section.tables]
    return "\n\n".join(parts) + "\n"


def _table(table: Table) -> str:
    rows = [[shown(cell, column.unit) for cell, column in zip(row, table.columns, strict=True)] for row in table.rows]
    titles = [column.title for column in table.columns]
    widths = [max(len(row[i]) for row in [titles, *rows]) for i in range(len(titles))]
    figures = [bool(column.unit) for column in table.columns]
    lines = []
    for row in [titles, ["-" * width for width in widths], *rows]:
        cells = [
            cell.rjust(width) if figure else cell.ljust(width)
            for cell, width, figure in zip(row, widths, figures, strict=True)
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines) + (f"\n{table.note}" if table.note else "")
