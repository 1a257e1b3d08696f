"""Thirty seconds of audio to tokens: feature extraction apart, then encoder and greedy decoder."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from transformers import AutoFeatureExtractor

from farm.contract.job import JobSpec
from workers.engine import Array, Arrays
from workers.families._decoding import SECOND, Decoding, between
from workers.measure.clock import clock
from workers.workload import Call, Family

HEAD: Final = "SpeechSeq2Seq"
AXES: Final = ("batch_size", "new_tokens")
ITEM: Final = "clip of 30 s"
COLUMNS: Final = ("realtime_factor", "time_per_30s_audio", "preprocessing_time", "encoder_time", "decoder_time")
ARCHITECTURES: Final = ("WhisperForConditionalGeneration", "ForSpeechSeq2Seq")

CLIP: Final = 30.0  # seconds, the window of Whisper models
TRIES: Final = 5  # of feature extraction, whose time is reported apart
LANGUAGE: Final = "<|en|>"
TASK: Final = "transcribe"


class SpeechToText:
    """Encoder-decoder speech recognition."""

    def inputs(self, folder: Path, spec: JobSpec) -> tuple[Arrays, list[float]]:
        """Make clips and pass them through the model's own feature extractor."""
        extractor = AutoFeatureExtractor.from_pretrained(str(folder), local_files_only=True)
        clips = [_clip(extractor.sampling_rate, seed=spec.seed + row) for row in range(spec.batch_size)]
        seconds: list[float] = []
        features: dict[str, Any] = {}
        for _ in range(TRIES):
            began = clock()
            features = extractor(clips, sampling_rate=extractor.sampling_rate, return_tensors="np")
            seconds.append((clock() - began) / SECOND)
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
        whole = [(call.end - call.start) / SECOND for call in calls]
        return {
            "encoder_time": between(calls, -1, 0),
            "decoder_time": between(calls, 0, self._new_tokens),
            "realtime_factor": [self._rows * CLIP / seconds for seconds in whole],
            "time_per_30s_audio": [seconds / self._rows for seconds in whole],
        }


def _clip(rate: int, *, seed: int) -> Array:
    """Make 30 s that are neither silence nor white noise: three gliding tones over a floor of noise."""
    dice = np.random.default_rng(seed)
    time = np.arange(int(CLIP * rate)) / rate
    tones = [np.sin(2 * np.pi * (base + glide * time) * time) for base, glide in dice.uniform(1, 200, (3, 2))]
    return np.asarray(0.2 * sum(tones) + 0.02 * dice.standard_normal(len(time)), dtype=np.float32)


def _prompt(folder: Path) -> list[int]:
    """Give the tokens that tell the decoder language and task, as far as the model has them."""
    settings = json.loads((folder / "generation_config.json").read_text())
    start = settings["decoder_start_token_id"]
    if not settings.get("is_multilingual"):
        return [start]
    language, task = settings["lang_to_id"][LANGUAGE], settings["task_to_id"][TASK]
    return [start, language, task, settings["no_timestamps_token_id"]]


WORKLOADS: Final[Family] = SpeechToText()
