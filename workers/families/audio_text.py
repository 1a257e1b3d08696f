"""A sound and a sentence to vectors of one space, and how near they are: one such pair is a query."""

from pathlib import Path
from typing import Any, Final

from farm.contract.job import JobSpec
from workers.engine import Arrays
from workers.families._one_pass import OnePassFamily, preprocessed
from workers.families._processors import processor_of
from workers.families._scenes import sound
from workers.families._text import cut_and_filled, sentences
from workers.workload import Family

HEADS: Final = {"ClapModel": "Model"}
AXES: Final = ("batch_size",)
ITEM: Final = "query: a sound as long as the model hears (10 s for CLAP) and a sentence of 77 tokens"
COLUMNS: Final = ("latency_per_item", "preprocessing_time")
TOKENS: Final = 77  # what LAION's CLAP cuts its sentences to
READ: Final = ("input_ids", "attention_mask")


class AudioText(OnePassFamily):
    """Models that compare sounds with sentences."""

    gives: tuple[str, ...] = ("audio_embeds", "text_embeds")

    def inputs(self, folder: Path, spec: JobSpec) -> tuple[Arrays, list[float]]:
        """Make pairs and pass them through the model's own feature extractor and tokenizer."""
        processor = processor_of(folder)
        hears = processor.feature_extractor
        rate, seconds = hears.sampling_rate, hears.max_length_s
        sounds = [sound(rate=rate, seconds=seconds, seed=spec.seed + row) for row in range(spec.batch_size)]
        texts = sentences(rows=spec.batch_size, tokens=TOKENS, seed=spec.seed)

        def process() -> dict[str, Any]:
            heard = hears(sounds, sampling_rate=rate, return_tensors="np")
            read = processor.tokenizer(texts, **cut_and_filled(TOKENS))
            return {"input_features": heard["input_features"], **{name: read[name] for name in READ}}

        return preprocessed(process, spec)


WORKLOADS: Final[Family] = AudioText()
