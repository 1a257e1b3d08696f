"""Speech to tokens: feature extraction apart, then an encoder and greedy decoding, as Whisper does."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from farm.contract.job import JobSpec
from workers.engine import Array, Arrays
from workers.families._decoding import Decoding, between
from workers.families._one_pass import per_item, preprocessed
from workers.families._processors import extractor_of
from workers.families._scenes import CLIP, sound
from workers.workload import Call

LANGUAGE: Final = "<|en|>"
TASK: Final = "transcribe"


class Writing:
    """Models with an encoder that hears and a decoder that writes."""

    gives: tuple[str, ...] = ()

    def inputs(self, folder: Path, spec: JobSpec) -> tuple[Arrays, list[float]]:
        """Make clips and pass them through the model's own feature extractor."""
        extractor = extractor_of(folder)
        rate = extractor.sampling_rate
        clips = [sound(rate=rate, seconds=CLIP, seed=spec.seed + row) for row in range(spec.batch_size)]
        features, seconds = preprocessed(lambda: extractor(clips, sampling_rate=rate, return_tensors="np"), spec)
        prompt = np.asarray([_prompt(folder)] * spec.batch_size, dtype=np.int64)
        return {"input_features": np.asarray(features["input_features"]), "decoder_input_ids": prompt}, seconds

    def workload(self, engine: Any, inputs: Arrays, spec: JobSpec, folder: Path) -> "Transcription":
        """Bind clips to a loaded model."""
        del folder
        return Transcription(engine, inputs, new_tokens=spec.new_tokens or 1)

    def answers(
        self, engine: Any, inputs: Arrays, spec: JobSpec, folder: Path, reference: Arrays | None = None
    ) -> dict[str, Array]:
        """Give logits and tokens of the first steps."""
        return self.workload(engine, inputs, spec, folder).forced(reference)


class Transcription(Decoding):
    """One batch of clips on a loaded model."""

    def __init__(self, engine: Any, inputs: Arrays, *, new_tokens: int) -> None:
        """Remember how many clips there are."""
        super().__init__(engine, inputs, new_tokens=new_tokens)
        self._rows = len(inputs["input_features"])

    def readings(self, calls: Sequence[Call]) -> Mapping[str, list[float]]:
        """Give the parts of each call, and its speed against the audio's own."""
        seconds = per_item(calls, self._rows)
        return {
            "encoder_time": between(calls, -1, 0),
            "decoder_time": between(calls, 0, self._new_tokens),
            "realtime_factor": [CLIP / each for each in seconds],
            "time_per_30s_audio": seconds,
        }


def _prompt(folder: Path) -> list[int]:
    """Give the tokens that tell the decoder language and task, as far as the model has them."""
    settings = json.loads((folder / "generation_config.json").read_text())
    start = settings["decoder_start_token_id"]
    if not settings.get("is_multilingual"):
        return [start]
    language, task = settings["lang_to_id"][LANGUAGE], settings["task_to_id"][TASK]
    return [start, language, task, settings["no_timestamps_token_id"]]
