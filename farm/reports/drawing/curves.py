"""Pictures of one figure against another: points, lines, steps and bands."""

from typing import Any, Final

from matplotlib.figure import Figure

from farm.reports.chart import Chart, Drawn, Series
from farm.reports.drawing.rows import short
from farm.reports.drawing.scales import scale
from farm.reports.drawing.theme import FAINT, WIDTH, series_colour, series_mark

HEIGHT: Final = 3.9  # inches
MOST_WORDS: Final = 14  # points with words beside them; more would lie over each other
DASHES: Final = ("-", (0, (5, 2)), (0, (2, 1.5)), (0, (5, 2, 1, 2)))


def draw(figure: Figure, chart: Chart) -> None:
    """Draw every series of a chart."""
    figure.set_size_inches(WIDTH, HEIGHT)
    axes: Any = figure.add_subplot()
    axes.set_xscale("log" if chart.x.log else "linear")
    axes.set_yscale("log" if chart.y.log else "linear")
    worded = sum(len(each.marks) for each in chart.series if each.drawn is Drawn.DOTS) <= MOST_WORDS
    for each in chart.series:
        _draw(axes, each, worded=worded)
    scale(axes.xaxis, chart.x)
    scale(axes.yaxis, chart.y)
    axes.tick_params(length=0, axis="both", labelcolor=FAINT)
    axes.grid()
    axes.set_axisbelow(True)
    if len(chart.series) > 1:
        figure.legend(loc="outside upper left", ncols=3, handletextpad=0.5, columnspacing=1.4)


def _draw(axes: Any, series: Series, *, worded: bool) -> None:
    colour, label = series_colour(series.colour), short(series.name)
    xs, ys = [mark.x for mark in series.marks], [mark.y for mark in series.marks]
    if series.drawn is Drawn.BAND:
        lows, highs = [mark.low for mark in series.marks], [mark.high for mark in series.marks]
        axes.fill_between(xs, lows, highs, color=colour, alpha=0.15, linewidth=0, label="_")
    elif series.drawn is Drawn.LINE:
        axes.plot(xs, ys, color=colour, linewidth=1.4, label=label)
    elif series.drawn is Drawn.STEPS:
        dashes = DASHES[series.colour // len(DASHES) % len(DASHES)]
        axes.step(xs, ys, where="post", color=colour, linewidth=1.6, linestyle=dashes, label=label)
    else:
        axes.plot(xs, ys, series_mark(series.colour), color=colour, markersize=6, alpha=0.9, label=label)
    for mark in series.marks if worded or series.drawn is not Drawn.DOTS else ():
        if mark.words:
            axes.annotate(mark.words, (mark.x, mark.y), xytext=(5, 5), textcoords="offset points", color=FAINT, size=8)
