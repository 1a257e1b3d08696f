"""What a picture shows: axes with units, and series of marks. All of its figures stand in a table beside it."""

from enum import StrEnum
from typing import Final, NamedTuple

MOST_ROWS: Final = 40  # of a picture with a name on each; a page has room for no more


class Drawn(StrEnum):
    """How the marks of a series are drawn."""

    DOTS = "dots"
    LINE = "line"
    STEPS = "steps"
    BAND = "band"  # between the low and the high of its marks
    BARS = "bars"  # of rows, each series begins where the one before it ends


class Axis(NamedTuple):
    """One axis: its title, the SI unit of its figures, and whether equal ratios are equally far apart."""

    title: str
    unit: str = ""
    log: bool = False


class Mark(NamedTuple):
    """One point; `low` and `high` bound x where the picture has rows, else y. `words` are written beside it."""

    x: float
    y: float
    low: float | None = None
    high: float | None = None
    words: str = ""


class Series(NamedTuple):
    """Marks that belong together. Series of one `colour` share it; a negative one is that of lines to compare with."""

    name: str
    marks: tuple[Mark, ...]
    drawn: Drawn = Drawn.DOTS
    colour: int = 0


class Chart(NamedTuple):
    """A picture: `tells` says in words what is seen, for those who do not see it.

    With `rows`, the y of a mark is its place among these names, the first of them on top. `reference` is the x that
    others are compared with.
    """

    title: str
    tells: str
    x: Axis
    y: Axis
    series: tuple[Series, ...]
    rows: tuple[str, ...] = ()
    reference: float | None = None


class Line(NamedTuple):
    """A row of a picture: its name, its figure with bounds, and the series it belongs to."""

    name: str
    figure: float
    low: float | None
    high: float | None
    series: str
    words: str = ""


def rows_chart(
    title: str, lines: tuple[Line, ...], *, x: Axis, tells: str, order: tuple[str, ...], reference: float | None = None
) -> Chart:
    """Draw each line as a dot on a row of its own, up to so many rows; `order` is that of the series' colours."""
    shown = lines[:MOST_ROWS]
    series = tuple(
        Series(
            name,
            tuple(
                Mark(line.figure, place, line.low, line.high, line.words)
                for place, line in enumerate(shown)
                if line.series == name
            ),
            colour=colour,
        )
        for colour, name in enumerate(order)
        if any(line.series == name for line in shown)
    )
    cut = f" The first {MOST_ROWS} of {len(lines)} are drawn." if len(lines) > len(shown) else ""
    return Chart(title, tells + cut, x, Axis(""), series, tuple(line.name for line in shown), reference)
