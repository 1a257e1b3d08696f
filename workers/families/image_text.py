"""A picture and a sentence to vectors of one space, and how near they are: one such pair is a query."""

from pathlib import Path
from typing import Final

from farm.contract.job import JobSpec
from workers.engine import Arrays
from workers.families._one_pass import OnePassFamily, preprocessed
from workers.families._processors import processor_of
from workers.families._scenes import picture
from workers.families._text import cut_and_filled, sentences
from workers.workload import Family

HEADS: Final = {
    "CLIPModel": "ZeroShotImageClassification",
    "SiglipModel": "ZeroShotImageClassification",
}
AXES: Final = ("batch_size",)
ITEM: Final = "query: a picture of 640 x 480 pixels and a sentence of 77 tokens, or as many as the model reads"
COLUMNS: Final = ("latency_per_item", "preprocessing_time")


class ImageText(OnePassFamily):
    """Models that compare pictures with sentences."""

    gives: tuple[str, ...] = ("image_embeds", "text_embeds")

    def inputs(self, folder: Path, spec: JobSpec) -> tuple[Arrays, list[float]]:
        """Make pairs and pass them through the model's own processor."""
        processor = processor_of(folder)
        pictures = [picture(seed=spec.seed + row) for row in range(spec.batch_size)]
        longest = processor.tokenizer.model_max_length
        texts = sentences(rows=spec.batch_size, tokens=longest, seed=spec.seed)
        return preprocessed(lambda: processor(images=pictures, text=texts, **cut_and_filled(longest)), spec)


WORKLOADS: Final[Family] = ImageText()
