"""Builder of results in a database whose samples come from several processes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sqlalchemy import Engine

from farm.contract.job import JobSpec, ModelReference
from farm.contract.requirement import Requirement
from farm.contract.result import Measurement
from farm.contract.statistics import Statistics
from farm.scheduler.register import Registration
from tests.builders import done, registered, spec, submitted

MINILM = ModelReference(name="minilm", source="zoo", location="minilm", family="text_embedding")
BOX = Requirement(tags=("box",))


def cell(**changes: Any) -> JobSpec:
    """A cell of minilm that the box takes."""
    plain: dict[str, Any] = {"model": MINILM, "platform": "cpu", "sequence_length": 128, "requirement": BOX}
    return spec(**(plain | changes))


def seconds(*medians: float, metric: str = "latency", calls: int = 31) -> Measurement:
    """One process for each median, its calls, an odd number of them, up to one per cent beside it."""
    ramp = 1 + np.arange(-(calls // 2), calls // 2 + 1) * 0.02 / calls
    samples = tuple(tuple((median * ramp).tolist()) for median in medians)
    pooled = np.concatenate([np.asarray(each) for each in samples])
    statistics = Statistics(
        n=len(pooled), mean=pooled.mean(), median=float(np.median(pooled)), minimum=pooled.min(), maximum=pooled.max()
    )
    return Measurement(metric=metric, statistics=statistics, samples=samples)


class Box:
    """A machine that settles sweep after sweep with the measurements it is told."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._worker: Registration = registered(engine, "box")
        self._jobs = 0

    def updates(self, **packages: str) -> None:
        """The machine has other software from now on."""
        self._worker = registered(self.engine, "box", packages=packages)

    def history(self, medians: Sequence[float], **changes: Any) -> list[str]:
        """Give the sweeps of the same cell measured again and again."""
        return [self.ran([(cell(), seconds(median, calls=5))], **changes) for median in medians]

    def ran(self, cells: Sequence[tuple[JobSpec, Measurement]], *, name: str = "nightly", **changes: Any) -> str:
        """Give the id of a sweep whose cells were measured so; `labels` are the sweep's, the rest the results'."""
        labels = changes.pop("labels", {})
        results = [(each, {"measurements": (measurement,), **changes}) for each, measurement in cells]
        return self.settled(results, name=name, labels=labels)

    def settled(self, results: Sequence[tuple[JobSpec, dict[str, Any]]], **changes: Any) -> str:
        """Give the id of a sweep whose cells came to these results; changes are the sweep's."""
        sweep = submitted(self.engine, *(each for each, _ in results), **changes)
        for _, result in results:
            self._jobs += 1
            done(self.engine, self._worker, job_id=self._jobs, **result)
        return sweep
