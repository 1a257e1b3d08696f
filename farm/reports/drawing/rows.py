"""Pictures with a name on each row: dots with their intervals, or bars that add up."""

from collections.abc import Sequence
from typing import Any, Final

from matplotlib.figure import Figure

from farm.reports.chart import Chart, Drawn, Series
from farm.reports.drawing.scales import scale
from farm.reports.drawing.theme import FAINT, LINE, WIDTH, legend, series_colour, series_mark

ROW: Final = 0.24  # inches
REST: Final = 0.75  # inches for the axis, and as much again for its title and the legend
LONGEST: Final = 44  # letters of a name; the table has all of it
ROOM: Final = 0.04  # of the width, on both sides of the marks
BAR: Final = 0.7  # of a row's height


def draw(figure: Figure, chart: Chart) -> None:
    """Draw the rows of a chart, the first on top."""
    figure.set_size_inches(WIDTH, ROW * len(chart.rows) + REST)
    axes: Any = figure.add_subplot()
    if any(each.drawn is Drawn.BARS for each in chart.series):
        _bars(axes, chart.series, len(chart.rows))
    else:
        axes.set_xscale("log" if chart.x.log else "linear")
        _limits(axes, chart)
        for each in chart.series:
            _dots(axes, each)
        if chart.reference is not None:
            axes.axvline(chart.reference, color=FAINT, linewidth=1, linestyle=(0, (3, 3)), zorder=1)
    scale(axes.xaxis, chart.x)
    axes.set_yticks(range(len(chart.rows)), [short(name) for name in chart.rows])
    axes.set_ylim(len(chart.rows) - 0.4, -0.6)
    axes.tick_params(length=0)
    axes.grid(axis="x")
    axes.set_axisbelow(True)
    axes.spines["left"].set_visible(False)
    if len(chart.series) > 1:
        legend(figure, [short(each.name) for each in chart.series])


def short(name: str) -> str:
    """Take letters out of the middle of a long name: its ends tell most."""
    half = (LONGEST - 1) // 2
    return name if len(name) <= LONGEST else f"{name[:half]}…{name[-half:]}"


def _limits(axes: Any, chart: Chart) -> None:
    """Leave room around all marks and their bounds; a scale by ratios cannot show what is not above zero."""
    edges = [
        edge
        for each in chart.series
        for mark in each.marks
        for edge in (mark.x, mark.low, mark.high)
        if edge is not None and (edge > 0 or not chart.x.log)
    ]
    edges += [] if chart.reference is None else [chart.reference]
    low, high = min(edges, default=0.5), max(edges, default=1.5)
    if chart.x.log:
        wide = max(high / low, 1.5)
        axes.set_xlim(low / wide**ROOM, high * wide ** (4 * ROOM))
        return
    axes.set_xlim(min(low, 0.0), high + (high - min(low, 0.0) or 1.0) * 4 * ROOM)


def _dots(axes: Any, series: Series) -> None:
    colour = series_colour(series.colour)
    for mark in series.marks:
        if mark.low is not None and mark.high is not None:
            axes.hlines(mark.y, mark.low, mark.high, color=colour, linewidth=2.2, alpha=0.5)
        if mark.words:
            right = mark.x if mark.high is None else mark.high
            axes.annotate(
                mark.words, (right, mark.y), xytext=(6, 0), textcoords="offset points", va="center", color=FAINT, size=8
            )
    axes.plot(
        [mark.x for mark in series.marks],
        [mark.y for mark in series.marks],
        series_mark(series.colour),
        color=colour,
        markersize=5,
        label=short(series.name),
    )


def _bars(axes: Any, series: Sequence[Series], count: int) -> None:
    """Put bars one after the other, and their figures into those that have room for it."""
    ends = [0.0] * count
    for each in series:
        for mark in each.marks:
            place = int(mark.y)
            bar = axes.barh(
                place, mark.x, BAR, left=ends[place], color=series_colour(each.colour), edgecolor=LINE, linewidth=0.5
            )
            bar.set_label(each.name if mark is each.marks[0] else "_")
            ends[place] += mark.x
    for place, end in enumerate(ends):
        words = ", ".join(mark.words for each in series for mark in each.marks if mark.y == place and mark.words)
        axes.annotate(words, (end, place), xytext=(5, 0), textcoords="offset points", va="center", color=FAINT, size=8)
    axes.set_xlim(0, max(ends, default=1.0) * 1.25)
