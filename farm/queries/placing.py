"""Where results stand below the measured roofs of their machines, and how near each comes. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

from farm.queries.results import ResultRow


class Roofs(NamedTuple):
    """What one device can do in one precision, as its results were held against: per second, and by what share unsure.

    A working set that fits a cache has a higher bandwidth than one that does not, so there may be several.
    """

    machine: str
    device: str
    precision: str
    compute: float  # FLOP/s
    bandwidths: tuple[float, ...]  # bytes/s, the highest first
    error: float
    placed: tuple["Placed", ...]


class Placed(NamedTuple):
    """One result: operations per byte, the rate it reached, and what its roofs allow at that intensity."""

    row: ResultRow
    intensity: float  # FLOP/byte
    rate: float  # FLOP/s
    roof: float  # FLOP/s
    fraction: float  # of the least time that the roofs allow, pass by pass
    error: float
    binds: str


def roofs_of(rows: Sequence[ResultRow]) -> list[Roofs]:
    """Put results that have a roof together by machine, device and precision."""
    groups: dict[tuple[str, str, str], list[ResultRow]] = {}
    for row in rows:
        if "roofline" in row.facts and row.median("achieved_flops") and row.median("bytes_per_call"):
            device = str(row.facts["roofline"].get("device", ""))
            groups.setdefault((row.machine, device, row.precision), []).append(row)
    return [_roofs(where, alike) for where, alike in groups.items()]


def _roofs(where: tuple[str, str, str], rows: Sequence[ResultRow]) -> Roofs:
    facts = [row.facts["roofline"] for row in rows]
    bandwidths = {float(each["peak_bandwidth"]) for each in facts if each.get("peak_bandwidth")}
    return Roofs(
        *where,
        compute=max(float(each["peak_flops"]) for each in facts),
        bandwidths=tuple(sorted(bandwidths, reverse=True)),
        error=max(float(each["error"]) for each in facts),
        placed=tuple(map(_placed, rows)),
    )


def _placed(row: ResultRow) -> Placed:
    facts = row.facts["roofline"]
    intensity = (row.median("flops_per_call") or 0.0) / (row.median("bytes_per_call") or 1.0)
    compute, bandwidth = float(facts["peak_flops"]), facts.get("peak_bandwidth")
    return Placed(
        row,
        intensity,
        rate=row.median("achieved_flops") or 0.0,
        roof=compute if bandwidth is None else min(compute, intensity * float(bandwidth)),
        fraction=row.median("roofline_fraction") or 0.0,
        error=float(facts["error"]),
        binds=str(facts["binds"]),
    )
