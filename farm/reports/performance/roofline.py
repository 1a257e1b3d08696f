"""How near each result comes to what its device can do, and which limit binds."""

from collections.abc import Sequence
from typing import Final

from farm.contract.metrics import METRICS
from farm.queries.results import ResultRow
from farm.reports.document import Column, Section, Table

FIGURES: Final = ("flops_per_call", "bytes_per_call", "achieved_flops", "achieved_bandwidth")
FRACTION: Final = "roofline_fraction"
NOTE: Final = (
    "Of the roof: the least time that the device's measured peaks of compute and memory allow, by the median latency; "
    "± roof is how much too low the roof may be, ± (95 %) half the interval of the median latency of n calls. Work and "
    "traffic are the least that one call needs."
)


def sections(rows: Sequence[ResultRow]) -> list[Section]:
    """Write one row for each result that has a place below a roof."""
    placed = [row for row in rows if FRACTION in row.metrics and "roofline" in row.facts]
    columns = (
        *(Column(key, title) for key, title in (("model", "Model"), ("settings", "Settings"), ("variant", "Variant"))),
        *(Column(name, METRICS[name].title, METRICS[name].unit) for name in FIGURES),
        Column(FRACTION, METRICS[FRACTION].title, "%"),
        Column("error", "± roof", "%"),
        Column("binds", "Limit"),
        Column("interval", "± (95 %)", "%"),
        Column("n", "n", "1"),
        Column("verdict", "Verdict", badges=True),
        Column("doubts", "Doubts", badges=True),
    )
    cells = tuple(
        (
            *(row.model, row.settings(), row.variant()),
            *(row.median(name) for name in FIGURES),
            (row.median(FRACTION) or 0.0) * 100,
            float(row.facts["roofline"]["error"]) * 100,
            str(row.facts["roofline"]["binds"]),
            None if (half := row.half_interval()) is None else half * 100,
            row.metrics["latency"].n if "latency" in row.metrics else None,
            row.told(),
            ", ".join(row.doubts),
        )
        for row in placed
    )
    return [Section("Roofline", (), (Table(columns, cells, NOTE),))] if placed else []
