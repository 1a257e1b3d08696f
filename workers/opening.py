"""Opens a cell: everything that an assignment names is found - platform, family, model folder - and inputs are made."""

import importlib
from pathlib import Path
from typing import Any, NamedTuple

from farm.contract.job import Assignment, JobSpec
from workers.engine import Arrays, LoadRequest, ModelFolder, Platform
from workers.heads import head_of
from workers.meter import Device
from workers.models import resolve
from workers.standing import Bench
from workers.workload import Family, Workload


class OpenCell(NamedTuple):
    """An assignment with everything that it names found: platform, family, model folder and inputs."""

    assignment: Assignment
    platform: Platform
    device: Device
    family: Family
    head: str
    folder: ModelFolder
    inputs: Arrays
    preprocessing: list[float]  # seconds of each try

    def bench(self) -> Bench:
        """Give the device whose roof this cell is seen against."""
        threads = max(self.assignment.threads, self.request().threads)
        return Bench(self.device, threads, Path(self.assignment.cache_dir))

    def request(self) -> LoadRequest:
        """Say what the platform is to load."""
        spec = self.assignment.spec
        return LoadRequest(
            folder=self.folder,
            head=self.head,
            precision=spec.precision,
            options=spec.options,
            threads=int(spec.options.get("threads") or self.assignment.threads),
            cache_dir=Path(self.assignment.cache_dir),
            example=self.inputs,
            gives=self.family.gives,
            new_tokens=spec.new_tokens or 0,
            seed=spec.seed + self.assignment.repeat,
        )

    def workload(self, engine: Any) -> Workload:
        """Bind the inputs to the loaded model."""
        return self.family.workload(engine, self.inputs, self.assignment.spec, self.folder.path)

    def turned_to(self, spec: JobSpec) -> "OpenCell":
        """Give the same cell with other settings of its calls, and inputs for them where its batch is another."""
        given = self.assignment.model_copy(update={"spec": spec})
        if spec.batch_size == self.assignment.spec.batch_size:
            return self._replace(assignment=given)
        inputs, preprocessing = self.family.inputs(self.folder.path, spec)
        return self._replace(assignment=given, inputs=inputs, preprocessing=preprocessing)


def open_cell(assignment: Assignment) -> OpenCell:
    """Find the model, its family and platform, and make the inputs."""
    spec = assignment.spec
    folder = resolve(
        spec.model,
        cache_dir=Path(assignment.cache_dir),
        model_roots=assignment.model_roots,
        remote_code=assignment.remote_code,
        offline=assignment.offline,
    )
    module = importlib.import_module(f"workers.families.{spec.model.family}")
    platform = importlib.import_module(f"workers.platforms.{spec.platform}")
    head = head_of(module.HEADS, folder.path)
    family: Family = getattr(module, "WORKLOADS_OF_HEAD", {}).get(head, module.WORKLOADS)
    inputs, preprocessing = family.inputs(folder.path, spec)
    return OpenCell(assignment, platform.PLATFORM, platform.DEVICE, family, head, folder, inputs, preprocessing)
