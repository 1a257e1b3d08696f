"""One self-contained HTML page, light and dark, readable on a narrow screen and without a network."""

from typing import Final

from jinja2 import Environment

from farm.reports.document import Document
from farm.reports.units import shown

ENDING = ".html"

PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>{{ document.title }}</title>
<style>
:root { --line: #d8dce3; --soft: #f4f6f9; --ink: #1c2430; --faint: #5c6778; --paper: #ffffff }
@media (prefers-color-scheme: dark) {
  :root { --line: #333c4a; --soft: #1b222c; --ink: #e4e9f0; --faint: #98a4b5; --paper: #12171e } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  margin: 0 auto; padding: 1.5rem; max-width: 1200px }
h1 { font-size: 1.6rem; margin: 0 0 1rem } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem }
p { max-width: 75ch } .note { color: var(--faint); font-size: .9em }
.scroll { overflow-x: auto; margin: .75rem 0; border: 1px solid var(--line); border-radius: 6px }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; white-space: nowrap }
th, td { padding: .35rem .75rem; text-align: left } th { color: var(--faint); font-weight: 600 }
th.figure, td.figure { text-align: right } td.long { white-space: normal; min-width: 24ch; overflow-wrap: anywhere }
tbody tr:nth-child(odd) { background: var(--soft) }
</style></head><body>
<h1>{{ document.title }}</h1>
{% for section in document.sections %}{% if section.title %}<h2>{{ section.title }}</h2>{% endif %}
{% for paragraph in section.paragraphs %}<p>{{ paragraph }}</p>
{% endfor %}{% for table in section.tables %}<div class="scroll"><table><thead><tr>
{% for column in table.columns %}<th{% if column.unit %} class="figure"{% endif %}>{{ column.title }}</th>{% endfor %}
</tr></thead><tbody>
{% for row in table.rows %}<tr>{% for cell in row %}{% set text = shown(cell, table.columns[loop.index0].unit) -%}
<td{% if table.columns[loop.index0].unit %} class="figure"{% elif text|length > 40 %} class="long"{% endif %}>
{{- text }}</td>{% endfor %}</tr>
{% endfor %}</tbody></table></div>{% if table.note %}<p class="note">{{ table.note }}</p>{% endif %}
{% endfor %}{% endfor %}</body></html>
"""


def render(document: Document) -> str:
    """Write a document; everything in it is escaped."""
    template = Environment(autoescape=True).from_string(PAGE)
    return template.render(document=document, shown=shown)
