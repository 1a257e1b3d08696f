"""One self-contained HTML page with its pictures, light and dark, readable on a narrow screen and without a network."""

from typing import Final

from jinja2 import Environment
from markupsafe import Markup

from farm.reports import drawing
from farm.reports.chart import Chart
from farm.reports.document import Document
from farm.reports.drawing.theme import DARK, LIGHT, page_colours
from farm.reports.units import shown

ENDING = ".html"
#: The tone in which a page shows a verdict or a state.
TONES: Final = {
    "real": "good",
    "mock": "bad",
    "failed": "bad",
    "fail": "bad",
    "fake": "faint",
    "slower": "bad",
    "faster": "good",
    "same": "faint",
    "unsupported": "faint",
    "not run": "faint",
    "cancelled": "faint",
    "planned": "faint",
    "queued": "faint",
    "waiting": "faint",
    "running": "faint",
}

PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>{{ document.title }}</title>
<style>
:root { --line: #d8dce3; --soft: #f4f6f9; --ink: #1c2430; --faint: #5c6778; --paper: #ffffff;
  --good: #1a7f37; --warn: #9a6700; --bad: #cf222e; {{ light }} }
@media (prefers-color-scheme: dark) {
  :root { --line: #333c4a; --soft: #1b222c; --ink: #e4e9f0; --faint: #98a4b5; --paper: #12171e;
    --good: #4ac26b; --warn: #d4a72c; --bad: #ff7b72; {{ dark }} } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  margin: 0 auto; padding: 1.5rem; max-width: 1400px }
h1 { font-size: 1.6rem; margin: 0 0 1rem } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem }
p { max-width: 100ch; margin: .5rem 0; overflow-wrap: anywhere } .note { color: var(--faint); font-size: .9em }
.scroll { overflow: auto; max-height: 90vh; margin: .75rem 0; border: 1px solid var(--line); border-radius: 6px }
table { border-collapse: separate; border-spacing: 0; width: 100%; font-variant-numeric: tabular-nums;
  white-space: nowrap; font-size: .93em }
th, td { padding: .35rem .6rem; text-align: left; vertical-align: top } th { color: var(--faint); font-weight: 600 }
th.figure, td.figure { text-align: right } td.long { white-space: normal; min-width: 24ch; overflow-wrap: anywhere }
tbody tr { background: var(--paper) } tbody tr:nth-child(odd) { background: var(--soft) }
th:first-child, td:first-child { position: sticky; left: 0; background: inherit; border-right: 1px solid var(--line) }
thead tr { background: var(--paper) } thead th { position: sticky; top: 0; background: inherit; z-index: 1 }
thead th:first-child { z-index: 2 }
figure { margin: 1rem 0; max-width: 760px; overflow-x: auto } figcaption { font-weight: 600; font-size: .93em }
figure svg { display: block; width: 100%; min-width: 560px; height: auto }
code { font: .92em ui-monospace, monospace; overflow-wrap: anywhere }
td.badges { white-space: normal; min-width: 9ch }
.badge { display: inline-block; white-space: nowrap; padding: 0 .5em; margin: 0 .15em .15em 0; border-radius: 1em;
  border: 1px solid currentColor; font-size: .85em; color: var(--warn) }
.badge.good { color: var(--good) } .badge.bad { color: var(--bad) } .badge.faint { color: var(--faint) }
@media (max-width: 600px) { body { padding: 1rem .75rem } td:first-child { min-width: 15ch; max-width: 40vw;
  white-space: normal; overflow-wrap: anywhere } }
@media print { .scroll { overflow: visible; max-height: none } table { white-space: normal; font-size: .7em } }
</style></head><body>
<h1>{{ document.title }}</h1>
{% for section in document.sections %}{% if section.title %}<h2>{{ section.title }}</h2>{% endif %}
{% for paragraph in section.paragraphs %}<p>{{ paragraph }}</p>
{% endfor %}{% for chart in section.charts %}<figure tabindex="0"><figcaption>{{ chart.title }}</figcaption>
{{ drawn(chart) }}</figure>
{% endfor %}{% for table in section.tables %}<div class="scroll" tabindex="0"><table><thead><tr>
{% for column in table.columns -%}
<th scope="col"{% if column.unit %} class="figure"{% endif %}>{{ column.title }}</th>{% endfor %}
</tr></thead><tbody>
{% for row in table.rows %}<tr>{% for cell in row %}{% set column = table.columns[loop.index0] -%}
{% set text = shown(cell, column.unit) -%}
{% if column.badges %}<td class="badges">{% for word, tone in badges(text) -%}
<span class="badge {{ tone }}">{{ word }}</span> {% endfor %}
{%- else %}<td{% if column.unit %} class="figure"{% elif text|length > 40 %} class="long"{% endif %}>
{{- text }}{% endif %}</td>{% endfor %}</tr>
{% endfor %}</tbody></table></div>{% if table.note %}<p class="note">{{ table.note }}</p>{% endif %}
{%- if table.command %}<p class="note">From: <code>{{ table.command }}</code></p>{% endif %}
{% endfor %}{% endfor %}</body></html>
"""


def render(document: Document) -> str:
    """Write a document; everything in it is escaped."""
    template = Environment(autoescape=True).from_string(PAGE)
    colours = {"light": page_colours(LIGHT), "dark": page_colours(DARK)}
    return template.render(document=document, shown=shown, badges=_badges, drawn=_drawn, **colours)


def _drawn(chart: Chart) -> Markup:
    return Markup(drawing.svg(chart))


def _badges(text: str) -> list[tuple[str, str]]:
    """Give the words of a cell, each with its tone; any other word, such as a doubt, is a warning."""
    words = [word for word in text.split(", ") if word]
    return [(word, TONES.get(word.rstrip(" 0123456789").lower(), "")) for word in words]
