"""A clip to vectors: the encoder's pass over all frames at once."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from farm.contract.job import JobSpec
from workers.engine import Arrays
from workers.families._one_pass import OnePass, OnePassFamily, per_item, preprocessed
from workers.families._processors import config_of, processor_of
from workers.families._scenes import clip
from workers.workload import Call, Family

HEADS: Final = {"VideoMAEModel": "Model", "VideoMAEForPreTraining": "Model"}
AXES: Final = ("batch_size",)
ITEM: Final = "clip, painted at 640 x 480 pixels, of as many frames as the model sees (16 for VideoMAE)"
COLUMNS: Final = ("latency_per_item", "time_per_frame", "preprocessing_time")


class Video(OnePassFamily):
    """Models that see clips."""

    gives: tuple[str, ...] = ("last_hidden_state",)

    def inputs(self, folder: Path, spec: JobSpec) -> tuple[Arrays, list[float]]:
        """Make clips and pass them through the model's own processor."""
        processor = processor_of(folder)
        frames = config_of(folder).num_frames
        clips = [clip(frames=frames, seed=spec.seed + row) for row in range(spec.batch_size)]
        return preprocessed(lambda: processor(clips, return_tensors="np"), spec)

    def workload(self, engine: Any, inputs: Arrays, spec: JobSpec, folder: Path) -> "Clips":
        """Bind clips to a loaded model."""
        del spec, folder
        return Clips(engine, inputs, gives=self.gives)


class Clips(OnePass):
    """One batch of clips on a loaded model."""

    def __init__(self, engine: Any, inputs: Arrays, *, gives: Sequence[str]) -> None:
        """Count the frames of the batch: pixel_values have shape (clips, frames, colours, height, width)."""
        super().__init__(engine, inputs, gives=gives)
        self._frames = inputs["pixel_values"].shape[0] * inputs["pixel_values"].shape[1]

    def readings(self, calls: Sequence[Call]) -> Mapping[str, list[float]]:
        """Give the time per frame."""
        return {"time_per_frame": per_item(calls, self._frames)}


WORKLOADS: Final[Family] = Video()
