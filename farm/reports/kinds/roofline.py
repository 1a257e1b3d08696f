"""How near each result comes to what its machine can do: measured roofs, operations per byte, achieved rates."""

from typing import Final

from sqlalchemy.orm import Session

from farm.contract.errors import UnknownName
from farm.queries.placing import Placed, Roofs, roofs_of
from farm.reports.chart import Axis, Chart, Drawn, Mark, Series
from farm.reports.document import Cell, Column, Document, Section, Table
from farm.reports.kinds import Request
from farm.reports.kinds._asked import Asked, results_asked
from farm.reports.units import shown

WORDS: Final = "[SWEEP]"
TAKES: Final = ("question",)
READ: Final = (
    "latency",
    "flops_per_call",
    "bytes_per_call",
    "achieved_flops",
    "roofline_fraction",
)
ROOFS: Final = (
    Column("roof", "Roof"),
    Column("compute", "Compute", "FLOP/s"),
    Column("bandwidth", "Bandwidth", "bytes/s"),
    Column("error", "± (share it may be too low)", "%"),
)
RESULTS: Final = (
    Column("model", "Model"),
    Column("settings", "Settings"),
    Column("variant", "Variant"),
    Column("intensity", "FLOP/byte", "FLOP/byte"),
    Column("achieved_flops", "Achieved", "FLOP/s"),
    Column("roof", "Roof there", "FLOP/s"),
    Column("roofline_fraction", "Of the roof", "%"),
    Column("error", "± roof", "%"),
    Column("binds", "Limit"),
    Column("latency_p50", "Latency p50", "s"),
    Column("interval", "± (95 %)", "%"),
    Column("n", "n", "1"),
    Column("verdict", "Verdict", badges=True),
    Column("doubts", "Doubts", badges=True),
)
NOTE: Final = (
    "Achieved is the least work of one call by its median latency, and as sure as that (± 95 %). Of the roof is "
    "reckoned pass by pass (encoder, prompt, each token), each against compute or memory, whichever is slower, so it "
    "may differ from achieved by roof. Bandwidths are those of working sets of the weights' size: the highest of the "
    "smallest, which a cache may hold, the lowest of the largest."
)
DECADE: Final = 10**0.5  # room beside the outermost points


def build(session: Session, request: Request) -> Document:
    """Place results below their roofs, by machine and precision.

    Raises: UnknownName where none has a roof.
    """
    asked = results_asked(session, request, metrics=READ)
    found = roofs_of(asked.rows)
    if not found:
        raise UnknownName(
            f"none of {len(asked.rows)} results has a place below a roof: the fake platform does no work, and older "
            "results were measured without one"
        )
    missing = len(asked.rows) - sum(len(roofs.placed) for roofs in found)
    words = (f"{missing} results have no roof to be held against, and are left out.",) if missing else ()
    head = (Section("", words),) if words else ()
    return Document(f"Roofline: {asked.about}", (*head, *(_section(roofs, asked) for roofs in found)))


def _section(roofs: Roofs, asked: Asked) -> Section:
    lines: list[tuple[Cell, ...]] = [(f"compute in {roofs.precision}", roofs.compute, None, roofs.error * 100)]
    lines += [(name, None, rate, roofs.error * 100) for name, rate in _memories(roofs)]
    cells = tuple(
        (
            *(placed.row.model, placed.row.settings(), placed.row.variant()),
            *(placed.intensity, placed.rate, placed.roof),
            *(placed.fraction * 100, placed.error * 100, placed.binds),
            placed.row.median("latency"),
            None if (half := placed.row.half_interval()) is None else half * 100,
            placed.row.metrics["latency"].n if "latency" in placed.row.metrics else None,
            *(placed.row.told(), ", ".join(placed.row.doubts)),
        )
        for placed in sorted(roofs.placed, key=lambda placed: -placed.fraction)
    )
    command = asked.command(machine=roofs.machine, precision=roofs.precision, metric="roofline_fraction")
    tables = (
        Table(ROOFS, tuple(lines), "", f"farm results show {roofs.placed[0].row.attempt}"),
        Table(RESULTS, cells, NOTE, command),
    )
    title = f"{roofs.machine}, {roofs.device or 'device'}, {roofs.precision}"
    return Section(title, (_nearest(roofs),), tables, (_chart(roofs, title, asked.platforms()),))


def _nearest(roofs: Roofs) -> str:
    best = max(roofs.placed, key=lambda placed: placed.fraction)
    by_memory = sum(placed.binds == "memory" for placed in roofs.placed)
    return (
        f"{by_memory} of {len(roofs.placed)} results are bound by memory, the others by compute. Nearest to the roof: "
        f"{best.row.model} on {best.row.variant()}, {shown(best.fraction * 100, '%')} of it "
        f"(± {shown(best.error * 100, '%')})."
    )


def _memories(roofs: Roofs) -> list[tuple[str, float]]:
    """Name the highest and the lowest bandwidth that results were held against."""
    if not roofs.bandwidths:
        return []
    highest, lowest = roofs.bandwidths[0], roofs.bandwidths[-1]
    if highest <= lowest * (1 + roofs.error):
        return [("memory", highest)]
    return [("memory, highest", highest), ("memory, lowest", lowest)]


def _named(roofs: Roofs) -> list[tuple[str, float | None]]:
    return [(f"{name} {shown(rate, 'bytes/s')}", rate) for name, rate in _memories(roofs)]


def _chart(roofs: Roofs, where: str, platforms: tuple[str, ...]) -> Chart:
    intensities = [placed.intensity for placed in roofs.placed]
    ridges = [roofs.compute / rate for rate in roofs.bandwidths]
    low, high = min(intensities) / DECADE, max(*intensities, *(ridge * DECADE for ridge in ridges)) * DECADE
    roofs_drawn = [(f"compute {shown(roofs.compute, 'FLOP/s')}", None), *_named(roofs)]
    lines = []
    for place, (name, rate) in enumerate(roofs_drawn, start=1):
        marks = _roof(roofs.compute, rate, low, high, roofs.error)
        lines += [Series(name, marks, drawn, -place) for drawn in (Drawn.BAND, Drawn.LINE)]
    points = [
        Series(name, tuple(_point(each) for each in roofs.placed if each.row.platform == name), colour=colour)
        for colour, name in enumerate(platforms)
        if any(each.row.platform == name for each in roofs.placed)
    ]
    return Chart(
        f"Roofline of {where}; roofs may be up to {shown(roofs.error * 100, '%')} higher",
        f"Achieved rate of {len(intensities)} results by their operations per byte, below the measured roofs. "
        + _nearest(roofs),
        Axis("Operations per byte (FLOP/byte)", "FLOP/byte", log=True),
        Axis("Achieved (FLOP/s)", "FLOP/s", log=True),
        (*lines, *points),
    )


def _roof(compute: float, bandwidth: float | None, low: float, high: float, error: float) -> tuple[Mark, ...]:
    """Draw one roof from the left to the right, with its bend and the share by which it may be too low."""
    places = [low, high] if bandwidth is None else sorted({low, min(max(compute / bandwidth, low), high), high})
    heights = [compute if bandwidth is None else min(compute, place * bandwidth) for place in places]
    return tuple(
        Mark(place, height, height, height * (1 + error)) for place, height in zip(places, heights, strict=True)
    )


def _point(placed: Placed) -> Mark:
    return Mark(placed.intensity, placed.rate, words=placed.row.model)
