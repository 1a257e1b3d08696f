"""Speech to letters in one pass: a score for each letter and each stretch of audio, as CTC models give."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from farm.contract.job import JobSpec
from workers.engine import Arrays
from workers.families._one_pass import OnePass, OnePassFamily, per_item, preprocessed
from workers.families._processors import extractor_of
from workers.families._scenes import CLIP, sound
from workers.workload import Call


class Spelling(OnePassFamily):
    """Models with a CTC head."""

    gives: tuple[str, ...] = ("logits",)

    def inputs(self, folder: Path, spec: JobSpec) -> tuple[Arrays, list[float]]:
        """Make clips and pass them through the model's own feature extractor."""
        extractor = extractor_of(folder)
        rate = extractor.sampling_rate
        clips = [sound(rate=rate, seconds=CLIP, seed=spec.seed + row) for row in range(spec.batch_size)]
        return preprocessed(lambda: extractor(clips, sampling_rate=rate, return_tensors="np"), spec)

    def workload(self, engine: Any, inputs: Arrays, spec: JobSpec, folder: Path) -> "SpelledClips":
        """Bind clips to a loaded model."""
        del folder
        return SpelledClips(engine, inputs, gives=self.gives, rows=spec.batch_size)


class SpelledClips(OnePass):
    """One batch of clips on a loaded model."""

    def __init__(self, engine: Any, inputs: Arrays, *, gives: Sequence[str], rows: int) -> None:
        """Remember how many clips there are."""
        super().__init__(engine, inputs, gives=gives)
        self._rows = rows

    def readings(self, calls: Sequence[Call]) -> Mapping[str, list[float]]:
        """Give the speed against the audio's own."""
        seconds = per_item(calls, self._rows)
        return {"realtime_factor": [CLIP / each for each in seconds], "time_per_30s_audio": seconds}
