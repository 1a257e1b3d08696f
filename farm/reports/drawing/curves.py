"""Pictures of one figure against another: points, lines, steps and bands, each with its words beside it."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final, NamedTuple

from matplotlib.figure import Figure

from farm.reports.chart import Chart, Drawn, Mark, Series
from farm.reports.drawing.rows import short
from farm.reports.drawing.scales import scale
from farm.reports.drawing.theme import FAINT, WIDTH, legend, series_colour, series_mark

HEIGHT: Final = 3.9  # inches
MOST_WORDS: Final = 24  # points with words beside them; more would lie over each other
DASHES: Final = ("-", (0, (5, 2)), (0, (2, 1.5)), (0, (5, 2, 1, 2)))
SIZE: Final = 8  # points, of words
DOT: Final = 3.0  # points around a dot or a line that words should not cover
LETTER: Final = 0.6  # of their size: how wide a letter is, as good as any
#: Where words may stand beside their point, the best place first: by how many points, and which end of them is there.
PLACES: Final = (
    (6, 4, "left"),
    (6, -12, "left"),
    (-6, 4, "right"),
    (-6, -12, "right"),
    (6, 14, "left"),
    (6, -22, "left"),
    (-6, 14, "right"),
    (-6, -22, "right"),
)


class _Box(NamedTuple):
    """What words cover, in points from the corner of the picture."""

    left: float
    bottom: float
    right: float
    top: float

    def within(self, other: "_Box") -> bool:
        """Say whether this box lies in another one."""
        return (
            other.left <= self.left
            and self.right <= other.right
            and other.bottom <= self.bottom
            and self.top <= other.top
        )

    def meets(self, other: "_Box") -> bool:
        """Say whether two boxes share a point."""
        return not (
            self.right < other.left or other.right < self.left or self.top < other.bottom or other.top < self.bottom
        )


def draw(figure: Figure, chart: Chart) -> None:
    """Draw every series of a chart."""
    figure.set_size_inches(WIDTH, HEIGHT)
    axes: Any = figure.add_subplot()
    axes.set_xscale("log" if chart.x.log else "linear")
    axes.set_yscale("log" if chart.y.log else "linear")
    for place, each in enumerate(chart.series):
        told = each.drawn is Drawn.BAND or any(
            other.name == each.name and other.drawn is each.drawn for other in chart.series[:place]
        )
        _draw(axes, each, label="_" if told else short(each.name))
    scale(axes.xaxis, chart.x)
    scale(axes.yaxis, chart.y)
    axes.tick_params(length=0, axis="both", labelcolor=FAINT)
    axes.grid()
    axes.set_axisbelow(True)
    if len({each.name for each in chart.series}) > 1:
        legend(figure, [short(each.name) for each in chart.series])
    figure.draw_without_rendering()  # after it, all places are where they stay
    dots = [mark for each in chart.series if each.drawn is Drawn.DOTS for mark in each.marks]
    lines = [each.marks for each in chart.series if each.drawn is Drawn.LINE]
    taken = [box for marks in lines for box in _along(axes, marks)]
    taken += [_around(*axes.transData.transform((mark.x, mark.y))) for mark in dots]
    if len(dots) <= MOST_WORDS:
        _label(axes, [mark for mark in dots if mark.words], taken)


def _draw(axes: Any, series: Series, *, label: str) -> None:
    colour = series_colour(series.colour)
    xs, ys = [mark.x for mark in series.marks], [mark.y for mark in series.marks]
    if series.drawn is Drawn.BAND:
        lows, highs = [mark.low for mark in series.marks], [mark.high for mark in series.marks]
        axes.fill_between(xs, lows, highs, color=colour, alpha=0.2, linewidth=0)
    elif series.drawn is Drawn.LINE:
        axes.plot(xs, ys, color=colour, linewidth=1.4, linestyle=DASHES[-series.colour - 1], label=label)
    elif series.drawn is Drawn.STEPS:
        dashes = DASHES[series.colour % len(DASHES)]
        axes.step(xs, ys, where="post", color=colour, linewidth=1.6, linestyle=dashes, label=label)
    else:
        axes.plot(xs, ys, series_mark(series.colour), color=colour, markersize=6, alpha=0.9, label=label)


def _along(axes: Any, marks: Sequence[Mark]) -> list[_Box]:
    """Cover a line with boxes."""
    corners = axes.transData.transform([(mark.x, mark.y) for mark in marks])
    found = []
    for (x, y), (right, up) in pairwise(corners):
        steps = max(1, int(max(abs(right - x), abs(up - y)) / (2 * DOT)))
        found += [_around(x + (right - x) * step / steps, y + (up - y) * step / steps) for step in range(steps + 1)]
    return found


def _around(x: float, y: float) -> _Box:
    return _Box(x - DOT, y - DOT, x + DOT, y + DOT)


def _label(axes: Any, marks: Sequence[Mark], taken: list[_Box]) -> None:
    """Write words beside their points, where they cover nothing else if there is such a place."""
    area = axes.get_window_extent()
    inside = _Box(area.x0, area.y0, area.x1, area.y1)
    for mark in marks:
        x, y = axes.transData.transform((mark.x, mark.y))
        boxes = [_box(x, y, len(mark.words), *place) for place in PLACES]
        free = [
            number
            for number, box in enumerate(boxes)
            if box.within(inside) and not any(box.meets(other) for other in taken)
        ]
        number = free[0] if free else 0
        right, up, side = PLACES[number]
        taken.append(boxes[number])
        axes.annotate(
            mark.words,
            (mark.x, mark.y),
            xytext=(right, up),
            textcoords="offset points",
            ha=side,
            color=FAINT,
            size=SIZE,
        )


def _box(x: float, y: float, letters: int, right: float, up: float, side: str) -> _Box:
    wide = letters * SIZE * LETTER
    left = x + right - (wide if side == "right" else 0)
    return _Box(left, y + up, left + wide, y + up + SIZE)
