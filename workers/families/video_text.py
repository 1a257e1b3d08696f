"""A clip and a sentence to vectors of one space, and how near they are: one such pair is a query."""

from pathlib import Path
from typing import Any, Final

from farm.contract.job import JobSpec
from workers.engine import Arrays
from workers.families._one_pass import OnePassFamily, preprocessed
from workers.families._processors import config_of, processor_of
from workers.families._scenes import clip
from workers.families._text import cut_and_filled, sentences
from workers.families.video import Clips
from workers.workload import Family

HEADS: Final = {"XCLIPModel": "Model"}
AXES: Final = ("batch_size",)
ITEM: Final = "query: a clip of as many frames as the model sees (8 for X-CLIP) and a sentence of 77 tokens"
COLUMNS: Final = ("latency_per_item", "time_per_frame", "preprocessing_time")


class VideoText(OnePassFamily):
    """Models that compare clips with sentences."""

    gives: tuple[str, ...] = ("video_embeds", "text_embeds")

    def inputs(self, folder: Path, spec: JobSpec) -> tuple[Arrays, list[float]]:
        """Make pairs and pass them through the model's own processor."""
        processor = processor_of(folder)
        frames = config_of(folder).vision_config.num_frames
        clips = [clip(frames=frames, seed=spec.seed + row) for row in range(spec.batch_size)]
        longest = processor.tokenizer.model_max_length
        texts = sentences(rows=spec.batch_size, tokens=longest, seed=spec.seed)
        # X-CLIP's processor takes frames as `images`; what is given as `videos` it silently leaves out.
        return preprocessed(lambda: processor(images=clips, text=texts, **cut_and_filled(longest)), spec)

    def workload(self, engine: Any, inputs: Arrays, spec: JobSpec, folder: Path) -> Clips:
        """Bind pairs to a loaded model."""
        del spec, folder
        return Clips(engine, inputs, gives=self.gives)


WORKLOADS: Final[Family] = VideoText()
