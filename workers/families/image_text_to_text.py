"""A picture and a question to an answer: the picture becomes tokens of the prompt, then greedy decoding."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from farm.contract.job import JobSpec
from workers.engine import Arrays
from workers.families._decoding import Decoding, between, generated
from workers.families._one_pass import preprocessed
from workers.families._processors import processor_of
from workers.families._scenes import picture
from workers.workload import Call, Family

HEADS: Final = {
    "LlavaForConditionalGeneration": "ImageTextToText",
    "LlavaNextForConditionalGeneration": "ImageTextToText",
}
AXES: Final = ("batch_size", "new_tokens")
ITEM: Final = "question about a picture of 640 x 480 pixels"
COLUMNS: Final = (
    "preprocessing_time",
    "time_to_first_token",
    "generation_time",
    "inter_token_latency",
    "prefill_tokens_per_second",
    "decode_tokens_per_second",
)
QUESTION: Final = "What is in this picture, and where is it?"
PLAIN_PROMPT: Final = f"USER: <image>\n{QUESTION} ASSISTANT:"  # for a processor without a chat template


class ImageTextToText:
    """Language models that see pictures."""

    gives: tuple[str, ...] = ()

    def inputs(self, folder: Path, spec: JobSpec) -> tuple[Arrays, list[float]]:
        """Make pictures, ask the same question of each, and pass both through the model's own processor."""
        processor = processor_of(folder)
        pictures = [picture(seed=spec.seed + row) for row in range(spec.batch_size)]
        texts = [_prompt(processor)] * spec.batch_size
        return preprocessed(lambda: processor(images=pictures, text=texts, return_tensors="np"), spec)

    def workload(self, engine: Any, inputs: Arrays, spec: JobSpec, folder: Path) -> "Answering":
        """Bind questions to a loaded model."""
        del folder
        return Answering(engine, inputs, new_tokens=spec.new_tokens or 1)

    def answers(
        self, engine: Any, inputs: Arrays, spec: JobSpec, folder: Path, reference: Arrays | None = None
    ) -> dict[str, Any]:
        """Give logits and tokens of the first steps."""
        return self.workload(engine, inputs, spec, folder).forced(reference)


class Answering(Decoding):
    """One batch of questions on a loaded model."""

    def __init__(self, engine: Any, inputs: Arrays, *, new_tokens: int) -> None:
        """Remember the size of the prompts, the picture's tokens included."""
        super().__init__(engine, inputs, new_tokens=new_tokens)
        self._read = inputs["input_ids"].size
        self._rows = len(inputs["input_ids"])

    def readings(self, calls: Sequence[Call]) -> Mapping[str, list[float]]:
        """Give the times of the first token, the vision tower included, and of the others."""
        found = generated(calls, rows=self._rows, read=self._read, new_tokens=self._new_tokens)
        if self._new_tokens > 1:
            found["generation_time"] = between(calls, 1, self._new_tokens)
        return found


def _prompt(processor: Any) -> str:
    if not getattr(processor, "chat_template", None):
        return PLAIN_PROMPT
    said = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": QUESTION}]}]
    return str(processor.apply_chat_template(said, add_generation_prompt=True))


WORKLOADS: Final[Family] = ImageTextToText()
