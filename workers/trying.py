"""Lets the scenario of a cell search what its job leaves open, on the loaded model, before anything is measured.

In: an open cell and its engine. Out: the cell as it is to be measured, and what the search found.
"""

from typing import Any, Final, NamedTuple

import psutil

from farm.contract.scenario import Throughput
from workers.measure.footprint import Footprint
from workers.opening import OpenCell
from workers.scenario import Found, Trial, scenario_of
from workers.workload import Workload

#: Share of the free memory that a search may fill where the sweep sets no limit: the system kills what takes it all.
FREE_SHARE: Final = 0.8
DEVICE_MEMORY: Final = "device_memory_allocated"


class Tried(NamedTuple):
    """The cell as it is to be measured, its workload, and what the search found; None where nothing was open."""

    cell: OpenCell
    workload: Workload
    found: Found | None


def settle(cell: OpenCell, engine: Any, workload: Workload, *, footprint: Footprint) -> Tried:
    """Search, and turn to what was found; `footprint` was made before the model was loaded.

    Raises: OutOfMemory where not even the least batch fits.
    """
    spec = cell.assignment.spec

    def device_memory() -> float:
        return float(engine.device_memory()[DEVICE_MEMORY])

    trial = Trial(
        spec=spec,
        workload=workload,
        with_batch=lambda size: cell.turned_to(spec.model_copy(update={"batch_size": size})).workload(engine),
        memory=footprint.growth if cell.device == "host" else device_memory,
        memory_limit=None if spec.throughput is None else _limit(cell, spec.throughput, footprint),
        seed=spec.seed + cell.assignment.repeat,
    )
    found = scenario_of(spec).search(trial)
    if found is None:
        return Tried(cell, workload, None)
    turned = cell.turned_to(found.spec)
    trial.memory()  # the peaks of what was tried and not chosen are none of the result's
    return Tried(turned, turned.workload(engine), found)


def _limit(cell: OpenCell, asked: Throughput, footprint: Footprint) -> float | None:
    """Give the limit of the sweep, else what is free here; a GPU says itself when its memory ends."""
    if asked.memory_bytes is not None:
        return asked.memory_bytes
    if cell.device != "host":
        return None
    return footprint.growth() + FREE_SHARE * psutil.virtual_memory().available
