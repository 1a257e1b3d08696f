"""JSON with SI figures: a listing is a list of objects, a report an object with its sections.

Beside its tables a section has the commands that ask for the same rows, in their order, and the data of its pictures.

Every character is kept; those that cannot be shown are written as JSON's own escapes.
"""

import json
from typing import Any

from farm.reports.chart import Chart
from farm.reports.document import Document, Table

ENDING = ".json"


def render(document: Document) -> str:
    """Write a document; one that has no title is a listing, or several by their names."""
    found: Any
    if not document.title and len(document.sections) == 1:
        found = _objects(document.sections[0].tables[0])
    elif not document.title:
        found = {section.title: _objects(section.tables[0]) for section in document.sections}
    else:
        found = {
            "title": document.title,
            "sections": [
                {
                    "title": section.title,
                    "paragraphs": section.paragraphs,
                    "tables": [_objects(table) for table in section.tables],
                    "commands": [table.command for table in section.tables],
                    "charts": [_chart(chart) for chart in section.charts],
                }
                for section in document.sections
            ],
        }
    lines = json.dumps(found, indent=2, ensure_ascii=False).split("\n")
    return "".join("".join(map(_escaped, line)) + "\n" for line in lines)


def _objects(table: Table) -> list[dict[str, Any]]:
    keys = [column.key for column in table.columns]
    return [dict(zip(keys, row, strict=True)) for row in table.rows]


def _chart(chart: Chart) -> dict[str, Any]:
    axes = {name: axis._asdict() for name, axis in (("x", chart.x), ("y", chart.y))}
    series = [each._asdict() | {"marks": [mark._asdict() for mark in each.marks]} for each in chart.series]
    return chart._asdict() | axes | {"series": series}


def _escaped(character: str) -> str:
    return character if character.isprintable() else json.dumps(character)[1:-1]
