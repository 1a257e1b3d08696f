"""Markdown, for files and pull requests."""

from farm.reports.document import Document, Table
from farm.reports.units import shown

ENDING = ".md"


def render(document: Document) -> str:
    """Write a document."""
    parts = [f"# {document.title}"] if document.title else []
    for section in document.sections:
        parts += [f"## {section.title}"] if section.title else []
        parts += section.paragraphs
        parts += [_table(table) for table in section.tables]
    return "\n\n".join(parts) + "\n"


def _table(table: Table) -> str:
    lines = [_line([column.title for column in table.columns]), _line(["---"] * len(table.columns))]
    for row in table.rows:
        lines.append(_line([shown(cell, column.unit) for cell, column in zip(row, table.columns, strict=True)]))
    return "\n".join(lines) + (f"\n\n{table.note}" if table.note else "")


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
