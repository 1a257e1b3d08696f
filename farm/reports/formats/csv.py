"""CSV with SI figures: every table with its keys as header, an empty line between tables."""

import csv
import io

from farm.reports.document import Document

ENDING = ".csv"


def render(document: Document) -> str:
    """Write the tables of a document."""
    tables = [table for section in document.sections for table in section.tables]
    parts = []
    for table in tables:
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow([column.key for column in table.columns])
        writer.writerows(table.rows)
        parts.append(out.getvalue())
    return "\n".join(parts)
