"""A text to another text: encoder once, then greedy decoding."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from farm.contract.job import JobSpec
from workers.engine import Arrays
from workers.families._decoding import Decoding, between, generated
from workers.families._processors import config_of
from workers.families._text import check_length, token_batch
from workers.workload import Call, Family

HEADS: Final = {
    "T5ForConditionalGeneration": "Seq2SeqLM",
    "BartForConditionalGeneration": "Seq2SeqLM",
    "PegasusForConditionalGeneration": "Seq2SeqLM",
    "MarianMTModel": "Seq2SeqLM",
}
AXES: Final = ("batch_size", "sequence_length", "new_tokens")
ITEM: Final = "sequence"
COLUMNS: Final = (
    "time_to_first_token",
    "inter_token_latency",
    "prefill_tokens_per_second",
    "decode_tokens_per_second",
    "encoder_time",
    "decoder_time",
)
READ: Final = ("input_ids", "attention_mask")


class TextToText:
    """Encoder-decoder language models."""

    gives: tuple[str, ...] = ()

    def inputs(self, folder: Path, spec: JobSpec) -> tuple[Arrays, list[float]]:
        """Make source texts of the asked token length."""
        length = spec.sequence_length or 1
        check_length(folder, max(length, spec.new_tokens or 1))
        made = token_batch(folder, rows=spec.batch_size, length=length, seed=spec.seed)
        start = config_of(folder).decoder_start_token_id
        first = np.full((spec.batch_size, 1), start, dtype=np.int64)
        return {**{name: made[name] for name in READ}, "decoder_input_ids": first}, []

    def workload(self, engine: Any, inputs: Arrays, spec: JobSpec, folder: Path) -> "Rewriting":
        """Bind source texts to a loaded model."""
        del folder
        return Rewriting(engine, inputs, new_tokens=spec.new_tokens or 1)

    def answers(
        self, engine: Any, inputs: Arrays, spec: JobSpec, folder: Path, reference: Arrays | None = None
    ) -> dict[str, Any]:
        """Give logits and tokens of the first steps."""
        return self.workload(engine, inputs, spec, folder).forced(reference)


class Rewriting(Decoding):
    """One batch of source texts on a loaded model."""

    def __init__(self, engine: Any, inputs: Arrays, *, new_tokens: int) -> None:
        """Remember the size of the source."""
        super().__init__(engine, inputs, new_tokens=new_tokens)
        self._read = inputs["input_ids"].size
        self._rows = len(inputs["input_ids"])

    def readings(self, calls: Sequence[Call]) -> Mapping[str, list[float]]:
        """Give the times of encoder, decoder, first and other tokens."""
        return {
            **generated(calls, rows=self._rows, read=self._read, new_tokens=self._new_tokens),
            "encoder_time": between(calls, -1, 0),
            "decoder_time": between(calls, 0, self._new_tokens),
        }


WORKLOADS: Final[Family] = TextToText()
