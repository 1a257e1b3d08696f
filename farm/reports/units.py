"""SI figures for people: seconds as ms, bytes as MiB, three significant digits."""

from typing import Final

from farm.reports.document import Cell

GIGA: Final = 1e9
MIB: Final = 1024**2
GIB: Final = 1024**3
LARGE: Final = 10 * GIB  # the size of machines rather than of models


def shown(cell: Cell, unit: str) -> str:
    """Write one cell; an absent figure is a dash."""
    if cell is None:
        return "–"
    if isinstance(cell, str):
        return cell
    if unit == "s":
        return _seconds(float(cell))
    if unit == "bytes":
        return f"{cell / GIB:,.1f} GiB" if cell >= LARGE else f"{cell / MIB:,.0f} MiB"
    if unit in ("FLOP", "FLOP/s"):
        return f"{_significant(cell / GIGA)} G{unit}"
    if unit == "bytes/s":
        return f"{_significant(cell / GIGA)} GB/s"
    if unit == "si":
        return f"{cell:,}" if isinstance(cell, int) else f"{cell:.4g}"
    if unit == "x":
        return f"{cell:.2f}×"
    if unit == "%":
        return f"{_significant(float(cell))} %"
    if isinstance(cell, int):
        return f"{cell:,}"
    return _significant(cell)


def _seconds(seconds: float) -> str:
    if seconds >= 1:
        return f"{_significant(seconds)} s"
    if seconds >= 1e-3:
        return f"{_significant(seconds * 1e3)} ms"
    return f"{_significant(seconds * 1e6)} µs"


def _significant(value: float) -> str:
    if value == 0:
        return "0"
    magnitude = abs(float(f"{value:.3g}"))  # as it will be shown: 9.9997 is 10.0
    decimals = 0 if magnitude >= 100 else 1 if magnitude >= 10 else 2 if magnitude >= 1 else 3
    return f"{value:,.{decimals}f}"
