"""Acceleration: every platform against PyTorch on the CPU, at equal precision and each at its best."""

from collections.abc import Sequence
from typing import Final

from farm.queries.acceleration import BASE_PLATFORM, BASE_PRECISION, Acceleration, SpeedUp, geometric_mean
from farm.reports.document import Cell, Column, Section, Table

OPTIONS: Final = Column("options", "Options")
COLUMNS: Final = (
    Column("model", "Model"),
    Column("settings", "Settings"),
    Column("platform", "Platform"),
    Column("precision", "Precision"),
    OPTIONS,
    Column("compared", "Compared with"),
    Column("speed_up", "Speed-up", "x"),
    Column("memory_ratio", "Memory ratio", "x"),
    Column("memory_of", "Memory of"),
    Column("doubted", "Doubted", badges=True),
)
NOTE: Final = (
    "Above 1 is faster than PyTorch on the CPU of the same machine without options; a memory ratio below 1 is less "
    "memory. Memory of the host is the growth of the resident set; of a device, what the model's tensors held on it, "
    "against the host's on the CPU. Means leave doubted pairs out."
)
DOUBTED: Final = "doubted"
SAME: Final = (
    f"The fastest precision of each is {BASE_PRECISION} too: against {BASE_PLATFORM} {BASE_PRECISION} it is the same."
)


def sections(compared: Acceleration) -> list[Section]:
    """Write both comparisons, and say what could not be compared."""
    missing = (
        f"Not compared: {len(compared.alone)} REAL results, for which this sweep has no REAL result of "
        f"{BASE_PLATFORM} without options at the same model and settings on the same machine."
    )
    tables = [
        ("Acceleration at equal precision", compared.equal),
        (f"Acceleration of the fastest precision against {BASE_PLATFORM} {BASE_PRECISION}", compared.best),
    ]
    same = compared.equal == compared.best
    found = [
        Section(title, (SAME,) if same else (), (_table(pairs),))
        for title, pairs in tables[: 1 if same else 2]
        if pairs
    ]
    return [*found, *([Section("" if found else "Acceleration", (missing,))] if compared.alone else [])]


def mean_of(pairs: Sequence[SpeedUp]) -> tuple[float, int] | None:
    """Give the geometric mean of the undoubted speed-ups and their number; None where all are doubted."""
    trusted = [pair.speed_up for pair in pairs if not pair.doubted()]
    return (geometric_mean(trusted), len(trusted)) if trusted else None


def _table(pairs: Sequence[SpeedUp]) -> Table:
    cells = [_cells(pair) for pair in pairs]
    for platform, against in dict.fromkeys((pair.row.platform, pair.base.precision) for pair in pairs):
        alike = [pair for pair in pairs if (pair.row.platform, pair.base.precision) == (platform, against)]
        mean = mean_of(alike)
        if mean is not None:
            name, words = f"geometric mean of {mean[1]}", f"{BASE_PLATFORM} {against}"
            cells.append((name, "", platform, "", "", words, mean[0], *_mean_memory(alike), ""))
    if any(pair.row.options for pair in pairs):
        return Table(COLUMNS, tuple(cells), NOTE)
    place = COLUMNS.index(OPTIONS)
    return Table(COLUMNS[:place] + COLUMNS[place + 1 :], tuple(row[:place] + row[place + 1 :] for row in cells), NOTE)


def _cells(pair: SpeedUp) -> tuple[Cell, ...]:
    return (
        pair.row.model,
        pair.row.settings(),
        pair.row.platform,
        pair.row.precision,
        ", ".join(pair.row.option_words()),
        f"{pair.base.platform} {pair.base.precision}",
        pair.speed_up,
        pair.memory_ratio,
        pair.memory_of,
        DOUBTED if pair.doubted() else "",
    )


def _mean_memory(pairs: Sequence[SpeedUp]) -> tuple[float | None, str]:
    """Average the undoubted memory ratios, where all of them are of one kind of memory."""
    trusted = [(pair.memory_ratio, pair.memory_of) for pair in pairs if not pair.doubted() and pair.memory_ratio]
    kinds = {kind for _, kind in trusted}
    if len(kinds) != 1:
        return None, ""
    return geometric_mean([ratio for ratio, _ in trusted]), kinds.pop()
