"""Pictures as SVG: the same every time, in the colours of the page they stand on, light or dark.

In: a chart. Out: one `svg` element that needs nothing from elsewhere; its texts are texts, in the page's font.
"""

import io
import re
import warnings
from typing import Final
from xml.sax.saxutils import escape

import matplotlib as mpl
from matplotlib.figure import Figure

from farm.reports.chart import Chart
from farm.reports.drawing import curves, rows
from farm.reports.drawing.theme import SETTINGS, themed

#: What only a file of its own needs: the prologue, the metadata, and names that would not be unique on a page.
PROLOGUE: Final = re.compile(r"^.*?(?=<svg)", re.DOTALL)
METADATA: Final = re.compile(r"\s*<metadata>.*?</metadata>", re.DOTALL)
NAMES: Final = re.compile(r'(<g) id="[^"]*"')
FONTS: Final = re.compile(r"font-family: [^;]*; ")
SIZE: Final = re.compile(r'<svg [^>]*?viewBox="([^"]*)"[^>]*>')
NO_METADATA: Final = {"Date": None, "Creator": None, "Format": None, "Type": None}


def svg(chart: Chart) -> str:
    """Draw a chart."""
    with warnings.catch_warnings(), mpl.rc_context(SETTINGS | {"svg.hashsalt": chart.title}):
        warnings.filterwarnings("ignore", "Glyph .* missing")  # the page's fonts have what this one lacks
        figure = Figure(layout="constrained")
        if chart.rows:
            rows.draw(figure, chart)
        else:
            curves.draw(figure, chart)
        file = io.StringIO()
        figure.savefig(file, format="svg", metadata=NO_METADATA, transparent=True)
    return _element(file.getvalue(), chart)


def _element(text: str, chart: Chart) -> str:
    """Make a file an element of a page, with its title and what it tells for those who do not see it."""
    inner = NAMES.sub(r"\1", METADATA.sub("", PROLOGUE.sub("", text)))
    told = f"<title>{escape(chart.title)}</title><desc>{escape(chart.tells)}</desc>"
    head = (
        r'<svg role="img" viewBox="\1" xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'
    )
    inner = FONTS.sub("", inner)
    return themed(SIZE.sub(lambda found: found.expand(head) + told, inner, count=1)).rstrip("\n")
