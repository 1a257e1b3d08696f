"""Print what each of the platforms' choices buys: the median with another option over that with the default.

    .venv/bin/python bench/choices.py [--rounds 3] [--only openvino]

Default and variant take turns in fresh processes, measured as a job is. Above 1: the default is faster.
"""

import argparse
import statistics
from typing import NamedTuple

from fidelity import CALLS, in_fresh_process

from farm.contract.job import Assignment, JobSpec, Measure, ModelReference
from farm.contract.requirement import Requirement
from farm.contract.value import Scalar
from farm.settings import read_settings
from workers import cell
from workers.probe import usable_processors
from workers.zoo import building

LONG_CALLS = 8  # of models whose call takes about a second


class Choice(NamedTuple):
    """One variant beside the default of its platform, on one model."""

    model: str
    platform: str
    precision: str
    options: dict[str, Scalar]


CHOICES = (
    Choice("minilm", "cpu", "fp32", {"attention": "eager"}),
    Choice("videomae", "cpu", "fp32", {"attention": "eager"}),
    Choice("gpt2", "cpu", "fp32", {"attention": "eager"}),
    Choice("minilm", "cpu", "fp32", {"threads": 1}),
    Choice("gpt2", "cpu", "fp32", {"threads": 1}),
    Choice("minilm", "cpu", "fp32", {"compile": True}),
    Choice("gpt2", "cpu", "fp32", {"cache": "static"}),
    Choice("gpt2", "cpu", "fp32", {"cache": "static", "compile": True}),
    Choice("minilm", "cpu", "fp32", {"pin": True}),
    Choice("minilm", "openvino", "fp32", {"performance_hint": "THROUGHPUT"}),
    Choice("bert-tiny", "openvino", "fp32", {"shapes": "static"}),
    Choice("minilm", "openvino", "fp32", {"shapes": "static"}),
    Choice("wav2vec2-tiny", "openvino", "fp32", {"shapes": "static"}),
    Choice("clip", "openvino", "fp32", {"shapes": "static"}),
    Choice("minilm", "openvino", "fp32", {"threads": 1}),
    Choice("gpt2", "openvino", "fp32", {"threads": 1}),
    Choice("gpt2", "openvino", "fp32", {"kv_cache": "u8"}),
    Choice("gpt2", "openvino", "int8", {"inference_precision": "bf16"}),
    Choice("minilm", "openvino", "int8", {"inference_precision": "f32"}),
    Choice("minilm", "openvino", "fp32", {"pin": True}),
)


def assignment(choice: Choice, options: dict[str, Scalar]) -> Assignment:
    """One cell of a choice, with or without its options."""
    family = building.read_facts(choice.model).family
    calls = LONG_CALLS if choice.model == "videomae" else CALLS
    spec = JobSpec(
        model=ModelReference(name=choice.model, source="zoo", location=choice.model, family=family),
        platform=choice.platform,
        precision=choice.precision,
        sequence_length=128 if family.startswith("text") else None,
        new_tokens=16 if family == "text_generation" else None,
        options=options,
        requirement=Requirement(tags=(choice.platform,)),
        measure=Measure(min_iterations=calls, max_iterations=calls, min_seconds=0, max_seconds=120),
    )
    return Assignment(spec=spec, cache_dir=str(read_settings().cache_dir), threads=usable_processors(), offline=True)


def main() -> None:
    """Print one line per choice."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=("cpu", "openvino"))
    asked = parser.parse_args()
    print("model      platform  precision  option                          default ms  with it ms  ratio (each round)")
    for choice in CHOICES:
        if asked.only not in (None, choice.platform):
            continue
        plain, varied = assignment(choice, {}), assignment(choice, choice.options)
        cell.prepare(plain, lambda _: None)
        pairs = [(in_fresh_process(plain), in_fresh_process(varied)) for _ in range(asked.rounds)]
        ratios = [other / default for default, other in pairs]
        default, other = (statistics.median(each) * 1e3 for each in zip(*pairs, strict=True))
        option = ", ".join(f"{name}: {value}" for name, value in choice.options.items())
        shown = " ".join(f"{ratio:.2f}" for ratio in ratios)
        print(
            f"{choice.model:10} {choice.platform:9} {choice.precision:10} {option:31} {default:10.2f}  {other:10.2f}  "
            f"{statistics.median(ratios):.2f} ({shown})",
            flush=True,
        )


if __name__ == "__main__":
    main()
