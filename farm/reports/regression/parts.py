"""What all answers about change have in common, listings and reports alike: columns, their cells, and words."""

from typing import Final

from farm.queries.compare import Comparison, Line
from farm.queries.ratios import Ratio
from farm.reports.document import Cell, Column

RATIO: Final = (Column("ratio", "Ratio", "x"), Column("low", "95 % from", "x"), Column("high", "to", "x"))
#: How sure a line of a comparison is, after its ratio.
SURE: Final = (Column("q", "q", "si"), Column("runs_first", "Runs, first", "1"), Column("runs_second", "second", "1"))
#: How sure a change is, after its ratio.
SINCE: Final = (Column("p", "p", "si"), Column("points", "Results since", "1"))
UNMATCHED: Final = (Column("side", "Only in"), Column("cell", "Cell"), Column("differs", "Differs from the nearest in"))
TOO_MANY: Final = 100  # runs that nobody will make


def ratio_cells(ratio: Ratio) -> tuple[Cell, ...]:
    """Give the cells of a ratio and its interval."""
    return ratio.ratio, ratio.low, ratio.high


def sure_cells(line: Line) -> tuple[Cell, ...]:
    """Give the cells of how sure a line is."""
    return line.q, *line.ratio.units


def note_of(line: Line) -> str:
    """Say what more would tell a line apart, and what its interval rests on."""
    more = "run" if line.missing == 1 else "runs"
    missing = f"needs about {line.missing} more {more} on each side" if line.missing else ""
    if line.missing > TOO_MANY:
        missing = f"too unsteady: it would need more than {TOO_MANY} more runs on each side"
    borrowed = "spread between runs taken from elsewhere" if line.ratio.borrowed else ""
    return "; ".join(filter(None, (missing, borrowed)))


def words_of(found: Comparison, threshold: float) -> list[str]:
    """Say how two sides were compared: what counts as none, what was left out, and what a spread rests on."""
    words = [f"Differences below {threshold * 100:g} % count as none."]
    if found.across:
        words.append(f"Compared across {', '.join(found.across)}, as both sides name it.")
    for side, whys in found.left_out.items():
        if whys:
            words.append(f"Left out of {side}: {', '.join(f'{count} {why}' for why, count in sorted(whys.items()))}.")
    for metric, spread in found.spread.items():
        if any(line.ratio.borrowed for line in found.lines if line.metric == metric):
            source = "assumed" if spread.assumed else "as between the other runs here"
            words.append(
                f"Where a side has a single run, its spread between runs of {metric} is taken as "
                f"{spread.value * 100:.2g} % ({source}); `repeats` in the sweep measures it."
            )
    return words
