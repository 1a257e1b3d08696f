"""Ticks that people read: figures with their units, by 1, 2 and 5 where a scale is by ratios."""

import math
import re
from typing import Any, Final

from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator

from farm.reports.chart import Axis
from farm.reports.units import shown

MANY_DECADES: Final = 2.2  # from here on, ticks at the powers of ten are enough
FEW_DECADES: Final = 0.35  # below, a scale by ratios is nearly even and takes even ticks
TICKS: Final = 6
STEPS: Final = (1, 2, 5, 10)  # between ticks, times a power of ten: others need digits that are not shown
ZEROS: Final = re.compile(r"(\.\d*?)0+(?=\D|$)")


def scale(axis: Any, told: Axis) -> None:
    """Set the ticks and the title of one of matplotlib's axes, whose scale and limits are set already."""
    low, high = axis.get_view_interval()
    decades = math.log10(high / low) if told.log and low > 0 else 0.0
    if told.log:
        axis.set_minor_locator(NullLocator())
        axis.set_minor_formatter(NullFormatter())
    if told.log and decades > FEW_DECADES:
        axis.set_major_locator(LogLocator(subs=(1.0,) if decades > MANY_DECADES else (1.0, 2.0, 5.0)))
    else:
        axis.set_major_locator(MaxNLocator(TICKS, steps=STEPS, integer=told.unit == "1"))
    axis.set_major_formatter(FuncFormatter(lambda figure, _: tick(figure, told.unit)))
    axis.set_label_text(told.title)


def tick(figure: float, unit: str) -> str:
    """Write a figure with its unit and without zeros that tell nothing."""
    if figure == 0:
        return "0"
    return ZEROS.sub(lambda found: found[1].rstrip("."), shown(figure, unit))
