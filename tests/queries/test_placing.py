"""Results are placed below the roofs they were held against."""

from typing import Any

import pytest

from farm.queries.placing import roofs_of
from farm.queries.results import ResultRow
from tests.builders import measured
from tests.queries.rows import row

ROOF = {"device": "host", "binds": "memory", "peak_flops": 1e12, "peak_bandwidth": 1e10, "error": 0.05}


def placed(flops: float, traffic: float, rate: float, roof: dict[str, Any] | None = None, **changes: Any) -> ResultRow:
    """A result with so much work, traffic and achieved rate, under this roof."""
    figures = {"flops_per_call": flops, "bytes_per_call": traffic, "achieved_flops": rate, "roofline_fraction": 0.5}
    metrics = {name: measured(name, figure).statistics for name, figure in figures.items()}
    return row(**changes)._replace(metrics=metrics, facts={"roofline": ROOF | (roof or {})})


def test_the_roof_at_an_intensity_is_the_lower_of_both() -> None:
    (roofs,) = roofs_of([placed(2e9, 1e9, 1e10), placed(1e12, 1e9, 5e11), row()])
    assert [(each.intensity, each.roof) for each in roofs.placed] == [(2.0, 2e10), (1000.0, 1e12)]
    assert (roofs.compute, roofs.bandwidths, roofs.error) == (1e12, (1e10,), 0.05)


def test_a_working_set_too_small_to_be_bound_by_memory_has_the_roof_of_compute() -> None:
    (roofs,) = roofs_of([placed(2e9, 1e9, 1e10, {"peak_bandwidth": None})])
    assert (roofs.placed[0].roof, roofs.bandwidths) == (1e12, ())


def test_machines_and_precisions_have_roofs_of_their_own_and_the_widest_error() -> None:
    small = placed(1e9, 1e9, 1e9, {"peak_bandwidth": 5e10, "error": 0.2})
    found = roofs_of([placed(1e9, 1e9, 1e9), small, placed(1e9, 1e9, 1e9, precision="bf16", machine="other")])
    assert [(each.machine, each.precision, len(each.placed)) for each in found] == [
        ("box", "fp32", 2),
        ("other", "bf16", 1),
    ]
    assert found[0].bandwidths == (5e10, 1e10)
    assert found[0].error == pytest.approx(0.2)
