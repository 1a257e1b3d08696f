"""SI figures for people: seconds as ms, bytes as MiB, three significant digits."""

from farm.reports.document import Cell

MIB = 1024**2


def shown(cell: Cell, unit: str) -> str:
    """Write one cell; an absent figure is a dash."""
    if cell is None:
        return "–"
    if isinstance(cell, str):
        return cell
    if unit == "s":
        return _seconds(float(cell))
    if unit == "bytes":
        return f"{cell / MIB:,.0f} MiB"
    if unit == "si":
        return f"{cell:,}" if isinstance(cell, int) else f"{cell:.4g}"
    if unit == "x":
        return f"{cell:.2f}×"
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
    magnitude = abs(value)
    decimals = 0 if magnitude >= 100 else 1 if magnitude >= 10 else 2 if magnitude >= 1 else 3
    return f"{value:,.{decimals}f}"
