"""The timed calls of a result at a glance: how many in each process, how long, and a line of blocks in their order."""

from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import Final

from farm.reports.document import Column, Table

BLOCKS: Final = "▁▂▃▄▅▆▇█"
WIDTH: Final = 40  # blocks at most
COLUMNS: Final = (
    Column("repeat", "Repeat", "1"),
    Column("n", "Calls", "1"),
    Column("least", "Least", "s"),
    Column("median", "Median", "s"),
    Column("most", "Most", "s"),
    Column("in_order", "In their order"),
)
NOTE: Final = f"Each block is the median of a stretch of calls, up to {WIDTH} of them, from the least to the greatest."


def table(repeats: Sequence[Sequence[float]]) -> Table:
    """Show the samples of each repeat."""
    cells = tuple(
        (number, len(samples), min(samples), median(samples), max(samples), sparkline(samples))
        for number, samples in enumerate(repeats, start=1)
        if samples
    )
    return Table(COLUMNS, cells, NOTE)


def sparkline(samples: Sequence[float]) -> str:
    """Draw the medians of up to WIDTH stretches of the samples, from the least to the greatest of them."""
    count = min(WIDTH, len(samples))
    bounds = [len(samples) * place // count for place in range(count + 1)] if count else []
    levels = [median(samples[start:end]) for start, end in pairwise(bounds)]
    if not levels:
        return ""
    low, spread = min(levels), max(levels) - min(levels)
    return "".join(BLOCKS[round((level - low) / spread * (len(BLOCKS) - 1)) if spread else 0] for level in levels)
