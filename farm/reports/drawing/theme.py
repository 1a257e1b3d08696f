"""The colours, marks and sizes of all pictures. A picture names colours; the page says what they are by day and night.

The colours are those of M. Okabe and K. Ito ("Color universal design", 2008), told apart by all kinds of eyes, lighter
or darker where a page needs it; each series also has a mark of its own.
"""

import re
from collections.abc import Sequence
from typing import Any, Final

from matplotlib.figure import Figure

INK: Final = "#010000"
FAINT: Final = "#020000"
LINE: Final = "#030000"
#: The names of the page's colours, and what they are where a picture stands alone.
NAMED: Final = {INK: ("ink", "#1c2430"), FAINT: ("faint", "#5c6778"), LINE: ("line", "#d8dce3")}
LIGHT: Final = ("#0072b2", "#d55e00", "#00805d", "#b0568c", "#a07800", "#3b8fc4", "#6b5b95", "#5c6778")
DARK: Final = ("#56b4e9", "#f0823c", "#2fc79a", "#e59ac5", "#e6c340", "#9ad4f5", "#b3a2e0", "#98a4b5")
MARKS: Final = ("o", "s", "D", "^", "v", "P", "X", "*")
COLOUR: Final = re.compile(r"#0([1-4])0000|#05000([0-7])")

POINTS: Final = 72  # of an inch
WIDTH: Final = 7.2  # inches
MOST_COLUMNS: Final = 4  # of a legend
LETTER: Final = 5.2  # points that a letter of a legend takes, about
HANDLE: Final = 44.0  # points beside its words: the mark, and the space to the next
SETTINGS: Final[dict[Any, Any]] = {
    "figure.dpi": POINTS,  # as SVG has it: a pixel is a point
    "svg.fonttype": "none",
    "text.parse_math": False,  # a dollar sign in a name is a dollar sign
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": LINE,
    "axes.labelcolor": FAINT,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": LINE,
    "ytick.color": LINE,
    "xtick.labelcolor": FAINT,
    "ytick.labelcolor": INK,
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "legend.fontsize": 9,
}


def legend(figure: Figure, names: Sequence[str]) -> None:
    """Put the legend above a picture, in as many columns as have room for the longest name."""
    wide = max(map(len, names)) * LETTER + HANDLE
    columns = max(1, min(MOST_COLUMNS, int(WIDTH * POINTS / wide)))
    figure.legend(loc="outside upper left", ncols=columns, handletextpad=0.5, columnspacing=1.4)


def series_colour(number: int) -> str:
    """Name the colour of a series; a negative number is that of lines to compare with."""
    return FAINT if number < 0 else f"#05000{number % len(LIGHT)}"


def series_mark(number: int) -> str:
    """Give the mark of a series."""
    return MARKS[number % len(MARKS)]


def themed(svg: str) -> str:
    """Put the page's colours in place of their names."""
    return COLOUR.sub(_variable, svg)


def page_colours(colours: tuple[str, ...]) -> str:
    """Write the colours of series as a page's variables."""
    return "; ".join(f"--series-{number}: {colour}" for number, colour in enumerate(colours))


def _variable(found: re.Match[str]) -> str:
    if found[2] is not None:
        return f"var(--series-{found[2]}, {LIGHT[int(found[2])]})"
    name, alone = NAMED[found[0]]
    return f"var(--{name}, {alone})"
