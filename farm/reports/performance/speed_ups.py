"""Acceleration: every platform against PyTorch on the CPU, at equal precision and each at its best."""

from collections.abc import Sequence
from typing import Final

from farm.queries.acceleration import (
    BASE_PLATFORM,
    BASE_PRECISION,
    Acceleration,
    SpeedUp,
    geometric_mean,
    mean_half_interval,
    undoubted,
)
from farm.reports.chart import Axis, Chart, Line, rows_chart
from farm.reports.document import Cell, Column, Section, Table
from farm.reports.performance.naming import named_among
from farm.reports.units import shown

OPTIONS: Final = Column("options", "Options")
COLUMNS: Final = (
    Column("model", "Model"),
    Column("settings", "Settings"),
    Column("platform", "Platform"),
    Column("precision", "Precision"),
    OPTIONS,
    Column("compared", "Compared with"),
    Column("speed_up", "Speed-up", "x"),
    Column("interval", "± (95 %)", "%"),
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
SUMMARY: Final = (
    Column("platform", "Platform"),
    Column("precision", "Precision"),
    Column("compared", "Compared with"),
    Column("speed_up", "Speed-up", "x"),
    Column("n", "n", "1"),
    Column("interval", "± (95 %)", "%"),
    Column("memory_ratio", "Memory ratio", "x"),
    Column("memory_of", "Memory of"),
    Column("most", "Gain most"),
    Column("least", "Gain least"),
    Column("doubted", "Doubted", "1"),
)
SUMMARY_NOTE: Final = (
    "Geometric means over n undoubted pairs of model and settings; ± is how well these very pairs are measured, and "
    "says nothing of other models. Doubted pairs are counted and left out."
)
NAMED: Final = 3  # models with the greatest and the least speed-up
SAME: Final = (
    f"The fastest precision of each is {BASE_PRECISION} too: against {BASE_PLATFORM} {BASE_PRECISION} it is the same."
)


def sections(compared: Acceleration, *, platforms: tuple[str, ...]) -> list[Section]:
    """Write the means, both comparisons, and what could not be compared."""
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
        Section(title, (SAME,) if same else (), (_table(pairs),), (_chart(title, pairs, platforms),))
        for title, pairs in tables[: 1 if same else 2]
        if pairs
    ]
    found = [*_summary(compared), *found]
    return [*found, *([Section("" if found else "Acceleration", (missing,))] if compared.alone else [])]


def mean_of(pairs: Sequence[SpeedUp]) -> tuple[float, int] | None:
    """Give the geometric mean of the undoubted speed-ups and their number; None where all are doubted."""
    trusted = [pair.speed_up for pair in undoubted(pairs)]
    return (geometric_mean(trusted), len(trusted)) if trusted else None


def _summary(compared: Acceleration) -> list[Section]:
    """Write the means of each platform and precision, with the models that gain and lose most."""
    groups: dict[tuple[str, str, str], list[SpeedUp]] = {}
    for pair in (*compared.equal, *compared.across):
        groups.setdefault(pair.sides(), []).append(pair)
    cells = tuple(_summed(sides, alike) for sides, alike in groups.items())
    table = Table(SUMMARY, cells, SUMMARY_NOTE)
    return [Section("Speed-up by platform and precision", (), (table,))] if cells else []


def _summed(sides: tuple[str, str, str], pairs: Sequence[SpeedUp]) -> tuple[Cell, ...]:
    platform, precision, base = sides
    trusted = sorted(undoubted(pairs), key=lambda pair: -pair.speed_up)
    half = _percent(mean_half_interval(trusted)) if trusted else None
    mean = mean_of(pairs)
    return (
        *(platform, precision, f"{BASE_PLATFORM} {base}"),
        *(mean if mean else (None, 0)),
        half,
        *(_mean_memory(pairs)),
        _impacts(trusted[:NAMED], among=trusted),
        _impacts(trusted[: -NAMED - 1 : -1][: max(0, len(trusted) - NAMED)], among=trusted),
        len(pairs) - len(trusted),
    )


def _impacts(pairs: Sequence[SpeedUp], *, among: Sequence[SpeedUp]) -> str:
    name = named_among([pair.row for pair in among])
    return ", ".join(f"{name(pair.row)} {shown(pair.speed_up, 'x')}" for pair in pairs)


def _percent(share: float | None) -> float | None:
    return None if share is None else share * 100


def _chart(title: str, pairs: Sequence[SpeedUp], platforms: tuple[str, ...]) -> Chart:
    name = named_among([pair.row for pair in pairs])
    lines = tuple(
        Line(
            f"{name(pair.row)} · {pair.row.variant()}",
            pair.speed_up,
            None if (half := pair.half_interval()) is None else pair.speed_up * (1 - half),
            None if half is None else pair.speed_up * (1 + half),
            pair.row.platform,
            shown(pair.speed_up, "x") + (" doubted" if pair.doubted() else ""),
        )
        for pair in sorted(pairs, key=lambda pair: -pair.speed_up)
    )
    tells = f"Speed-ups of {len(lines)} pairs with 95 % intervals; right of 1× is faster than PyTorch on the CPU."
    return rows_chart(title, lines, x=Axis("Speed-up", "x", log=True), tells=tells, order=platforms, reference=1.0)


def _table(pairs: Sequence[SpeedUp]) -> Table:
    cells = [_cells(pair) for pair in pairs]
    for platform, against in dict.fromkeys((pair.row.platform, pair.base.precision) for pair in pairs):
        alike = [pair for pair in pairs if (pair.row.platform, pair.base.precision) == (platform, against)]
        mean = mean_of(alike)
        if mean is not None:
            name, words = f"geometric mean of {mean[1]}", f"{BASE_PLATFORM} {against}"
            half = _percent(mean_half_interval(undoubted(alike)))
            cells.append((name, "", platform, "", "", words, mean[0], half, *_mean_memory(alike), ""))
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
        _percent(pair.half_interval()),
        pair.memory_ratio,
        pair.memory_of,
        DOUBTED if pair.doubted() else "",
    )


def _mean_memory(pairs: Sequence[SpeedUp]) -> tuple[float | None, str]:
    """Average the undoubted memory ratios, where all of them are of one kind of memory."""
    trusted = [(pair.memory_ratio, pair.memory_of) for pair in undoubted(pairs) if pair.memory_ratio]
    kinds = {kind for _, kind in trusted}
    if len(kinds) != 1:
        return None, ""
    return geometric_mean([ratio for ratio, _ in trusted]), kinds.pop()
