"""Markdown, for files and pull requests. What people wrote stays text: no HTML, no links.

A picture is left out: the tables beside it have its figures.
"""

import re
from typing import Final

from farm.reports.document import Document, Table
from farm.reports.units import shown

ENDING = ".md"
RULE: Final = {False: "---", True: "---:"}  # figures stand right
MARKS: Final = re.compile(r"[\\`*\[|]")


def render(document: Document) -> str:
    """Write a document."""
    parts = [f"# {_text(document.title)}"] if document.title else []
    for section in document.sections:
        parts += [f"## {_text(section.title)}"] if section.title else []
        parts += map(_text, section.paragraphs)
        parts += [_table(table) for table in section.tables]
    return "\n\n".join(parts) + "\n"


def _table(table: Table) -> str:
    lines = [_line([column.title for column in table.columns]), _line([RULE[bool(c.unit)] for c in table.columns])]
    for row in table.rows:
        lines.append(_line([shown(cell, column.unit) for cell, column in zip(row, table.columns, strict=True)]))
    below = [
        *([_text(table.note)] if table.note else []),
        *([f"From: {_code(table.command)}"] if table.command else []),
    ]
    return "\n\n".join(["\n".join(lines), *below])


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(map(_text, cells)) + " |"


def _text(text: str) -> str:
    """Take away the meaning that Markdown or HTML would give to a text."""
    return MARKS.sub(r"\\\g<0>", text).replace("<", "&lt;")


def _code(text: str) -> str:
    """Write a text as code, between as many backticks as it needs."""
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence}{text}{fence}" if fence == "`" else f"{fence} {text} {fence}"
