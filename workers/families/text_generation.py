"""A prompt to new tokens: greedy decoding with the runtime's own cache."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from farm.contract.job import JobSpec
from workers.engine import Array, Arrays
from workers.families._decoding import Decoding, generated
from workers.families._text import check_length, token_batch
from workers.workload import Call, Family

HEADS: Final = {"ForCausalLM": "CausalLM", "LMHeadModel": "CausalLM"}
AXES: Final = ("batch_size", "sequence_length", "new_tokens")
ITEM: Final = "sequence"
COLUMNS: Final = (
    "time_to_first_token",
    "inter_token_latency",
    "prefill_tokens_per_second",
    "decode_tokens_per_second",
)
READ: Final = ("input_ids", "attention_mask")


class TextGeneration:
    """Autoregressive language models."""

    gives: tuple[str, ...] = ()

    def inputs(self, folder: Path, spec: JobSpec) -> tuple[Arrays, list[float]]:
        """Make prompts of the asked token length."""
        length = spec.sequence_length or 1
        check_length(folder, length + (spec.new_tokens or 1))
        made = token_batch(folder, rows=spec.batch_size, length=length, seed=spec.seed)
        return {name: made[name] for name in READ}, []

    def workload(self, engine: Any, inputs: Arrays, spec: JobSpec, folder: Path) -> "Generation":
        """Bind prompts to a loaded model."""
        del folder
        return Generation(engine, inputs, new_tokens=spec.new_tokens or 1)

    def answers(
        self, engine: Any, inputs: Arrays, spec: JobSpec, folder: Path, reference: Arrays | None = None
    ) -> dict[str, Array]:
        """Give logits and tokens of the first steps."""
        return self.workload(engine, inputs, spec, folder).forced(reference)


class Generation(Decoding):
    """One batch of prompts on a loaded language model."""

    def __init__(self, engine: Any, inputs: Arrays, *, new_tokens: int) -> None:
        """Remember the size of the prompts."""
        super().__init__(engine, inputs, new_tokens=new_tokens)
        self._rows, self._prompt = inputs["input_ids"].shape

    def readings(self, calls: Sequence[Call]) -> Mapping[str, list[float]]:
        """Give the times of the first and the other tokens."""
        return generated(calls, rows=self._rows, read=self._rows * self._prompt, new_tokens=self._new_tokens)


WORKLOADS: Final[Family] = TextGeneration()
