"""Every option has an effect that the placement shows, and leaves the answers as they are."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from farm.contract.errors import SweepMistakes, Unsupported
from farm.contract.value import Scalar
from farm.sweeps.catalogue import read_catalogue
from farm.sweeps.load import load_sweep
from tests.workers.platforms.cells import THREADS, Cells, failures

pytestmark = pytest.mark.models

CPU = [
    ("bert", {"attention": "eager"}, {"attention": "eager"}),
    ("bert", {"attention": "sdpa"}, {"attention": "sdpa"}),
    ("gpt2", {"cache": "static"}, {"cache": "static"}),
    ("gpt2", {}, {"cache": "dynamic", "compiled": False, "threads": THREADS}),
    ("vit", {"threads": 2}, {"threads": 2}),
    ("vit", {"compile": True}, {"compiled": True}),
]
OPENVINO = [
    ("gpt2", {}, {"performance_hint": "LATENCY", "kv_cache_precision": "f32", "threads": THREADS}),
    ("gpt2", {"kv_cache": "f16"}, {"kv_cache_precision": "f16"}),
    ("gpt2", {"inference_precision": "f32"}, {"inference_precision": "f32"}),
    ("bert", {"performance_hint": "THROUGHPUT"}, {"performance_hint": "THROUGHPUT"}),
    ("bert", {"num_streams": 2, "threads": 2}, {"streams": 2}),
    ("bert", {"threads": 2}, {"threads": 2}),
    ("bert", {}, {"shapes": "dynamic"}),
    ("bert", {"shapes": "static"}, {"shapes": "static"}),
    ("vit", {"shapes": "static"}, {"shapes": "static"}),
]
PINNED = """
import json, os, sys
from farm.contract.job import Assignment
from workers import cell
given = Assignment.model_validate_json(sys.argv[1])
cell.prepare(given, lambda stage: None)
print(json.dumps(cell.measure(given, lambda stage: None).facts["processors"]))
"""


def name(value: object) -> str:
    return ",".join(f"{key}={word}" for key, word in value.items()) or "none" if isinstance(value, dict) else str(value)


@pytest.mark.parametrize(("model", "options", "shown"), CPU, ids=name)
def test_an_option_of_cpu(model: str, options: Mapping[str, Scalar], shown: dict[str, Any], cells: Cells) -> None:
    assert shown.items() <= cells.facts("cpu", model, options).items()


@pytest.mark.parametrize(("model", "options", "shown"), OPENVINO, ids=name)
def test_an_option_of_openvino(model: str, options: Mapping[str, Scalar], shown: dict[str, Any], cells: Cells) -> None:
    assert shown.items() <= cells.facts("openvino", model, options).items()


def test_a_rounded_cache_of_keys_and_values_is_shown(cells: Cells) -> None:
    outcome = cells.outcome("openvino", "gpt2", precision="bf16", options={"kv_cache": "u8"})
    assert outcome.facts["kv_cache_precision"] == "u8"
    assert failures(outcome) == {}


@pytest.mark.parametrize("platform", ["cpu", "openvino"])
def test_a_pinned_process_has_as_many_processors_as_threads(platform: str, cells: Cells) -> None:
    spec = cells.spec(platform, "bert", options={"pin": True, "threads": 1})
    command = [sys.executable, "-W", "ignore", "-c", PINNED, cells.assignment(spec).model_dump_json()]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # pinning cannot be taken back
    assert json.loads(done.stdout.splitlines()[-1]) == 1


@pytest.mark.parametrize("model", ["t5", "whisper"])
def test_a_static_cache_is_for_models_that_only_decode(model: str, cells: Cells) -> None:
    with pytest.raises(Unsupported, match="only decode"):
        cells.opened("cpu", model, options={"cache": "static"})


@pytest.mark.parametrize("model", ["gpt2", "whisper", "llava"])
def test_static_shapes_are_for_models_of_one_pass(model: str, cells: Cells) -> None:
    with pytest.raises(Unsupported, match="one pass"):
        cells.opened("openvino", model, options={"shapes": "static"})


def test_int8_counts_a_tied_output_layer_once(cells: Cells) -> None:
    for model in ("t5", "whisper"):
        exact, rounded = (cells.opened("cpu", model, precision=precision) for precision in ("fp32", "int8"))
        assert rounded.engine.parameters() == exact.engine.parameters()


def test_every_choice_is_of_an_option_and_has_its_default() -> None:
    for platform in read_catalogue().platforms.values():
        for option, words in platform.choices.items():
            assert platform.options[option] in words


@pytest.mark.parametrize(
    ("platform", "option", "value", "told"),
    [
        ("cpu", "attention", "fancy", "'fancy' is none of its values; allowed: auto, sdpa, eager"),
        ("cpu", "cache", "nonsense", "'nonsense' is none of its values; allowed: dynamic, static"),
        ("cpu", "threads", "-1", "found -1; a whole number, 0 or more, is needed (default 0)"),
        ("openvino", "performance_hint", "FOO", "'FOO' is none of its values; allowed: LATENCY, THROUGHPUT"),
        ("openvino", "kv_cache", "i7", "'i7' is none of its values; allowed: auto, f32"),
        ("openvino", "inference_precision", "f3", "did you mean f32?"),
        ("fake", "fault", "rase", "did you mean raise?"),
    ],
)
def test_a_value_that_an_option_has_not_is_a_mistake_of_the_file(
    platform: str, option: str, value: str, told: str, tmp_path: Path
) -> None:
    sweep = tmp_path / "sweep.yaml"
    sweep.write_text(
        f"name: t\nmodels: [gpt2]\nplatforms: [{platform}]\noptions: {{{platform}: {{{option}: {value}}}}}\n"
    )
    with pytest.raises(SweepMistakes) as found:
        load_sweep(sweep, read_catalogue())
    assert f"sweep.yaml:4: options.{platform}.{option}: " in str(found.value)
    assert told in str(found.value)
