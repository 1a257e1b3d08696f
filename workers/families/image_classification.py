"""A picture to the scores of its classes."""

from pathlib import Path
from typing import Final

from farm.contract.job import JobSpec
from workers.engine import Arrays
from workers.families._one_pass import OnePassFamily, preprocessed
from workers.families._processors import processor_of
from workers.families._scenes import picture
from workers.workload import Family

HEADS: Final = {"ForImageClassification": "ImageClassification"}
AXES: Final = ("batch_size",)
ITEM: Final = "picture of 640 x 480 pixels"
COLUMNS: Final = ("latency_per_item", "preprocessing_time")


class ImageClassification(OnePassFamily):
    """Models that name what a picture shows."""

    gives: tuple[str, ...] = ("logits",)

    def inputs(self, folder: Path, spec: JobSpec) -> tuple[Arrays, list[float]]:
        """Make pictures and pass them through the model's own processor."""
        processor = processor_of(folder)
        pictures = [picture(seed=spec.seed + row) for row in range(spec.batch_size)]
        return preprocessed(lambda: processor(images=pictures, return_tensors="np"), spec)


WORKLOADS: Final[Family] = ImageClassification()
