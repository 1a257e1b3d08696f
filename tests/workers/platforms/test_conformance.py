"""What every platform must do with every family, found by their files; a new file of either is held to it at once.

A family brings tiny models in `tests/workers/families/NAME.py`. A pair whose device is a GPU runs where there is one.
"""

import importlib
import math
from collections.abc import Iterator
from typing import Any

import numpy
import pytest

from farm.contract.errors import Unsupported
from farm.contract.evidence import Layer
from farm.contract.metrics import METRICS
from farm.sweeps.catalogue import read_catalogue
from tests.workers.platforms.cells import BATCH, TINY, Cells, failures, tiny

pytestmark = pytest.mark.models

CATALOGUE = read_catalogue()
NEVER_REAL = "fake"
#: Cells whose evidence fails by a fault of the runtime; the farm calls them mock, and no report ranks them.
KNOWN = {
    ("openvino", "xclip", precision): "OpenVINO 2026.4 fuses the prompt's attention wrongly in bf16 for batches above 1"
    for precision in ("bf16", "int8")
}
DEVICE_METRICS = ("device_memory_allocated", "device_memory_reserved")


def marks(platform: str) -> list[pytest.MarkDecorator]:
    return [pytest.mark.gpu] if CATALOGUE.platforms[platform].device == "gpu" else []


def known(*values: str) -> list[pytest.MarkDecorator]:
    return [pytest.mark.xfail(reason=KNOWN[values])] if values in KNOWN else []


def pairs() -> Iterator[Any]:
    """Give every platform with every tiny model that it takes."""
    for name in CATALOGUE.platforms:
        for model, (family, _) in TINY.items():
            if CATALOGUE.refusal(family=family, platform=name) is None:
                yield pytest.param(name, model, id=f"{name}-{model}", marks=marks(name))


def precisions() -> Iterator[Any]:
    """Give every platform with the first tiny model of every family that it takes, in all precisions but fp32."""
    firsts = {family: model for model, (family, _) in reversed(TINY.items())}
    for name, platform in CATALOGUE.platforms.items():
        for family, model in firsts.items():
            for precision in platform.precisions[1:] if CATALOGUE.refusal(family=family, platform=name) is None else ():
                cell = (name, model, precision)
                yield pytest.param(*cell, id="-".join(cell), marks=[*marks(name), *known(*cell)])


each_pair = pytest.mark.parametrize(("platform", "model"), [*pairs()])
each_precision = pytest.mark.parametrize(("platform", "model", "precision"), [*precisions()])
each_platform = pytest.mark.parametrize(
    "platform", [pytest.param(name, marks=marks(name)) for name in CATALOGUE.platforms]
)


# ---- what is found


def test_every_family_brings_tiny_models() -> None:
    lacking = CATALOGUE.families.keys() - {family for family, _ in TINY.values()}
    assert not lacking, f"write tests/workers/families/{min(lacking)}.py with MODELS"


def test_a_refused_pair_says_why_and_every_family_has_a_platform() -> None:
    for family in CATALOGUE.families:
        refusals = [CATALOGUE.refusal(family=family, platform=platform) for platform in CATALOGUE.platforms]
        assert all(refusal is None or refusal for refusal in refusals)
        assert None in refusals


@each_platform
def test_a_platform_is_available_where_this_test_runs(platform: str) -> None:
    status = importlib.import_module(f"workers.platforms.{platform}").PLATFORM.status()
    assert status.platform == platform
    assert status.available, status.reason
    assert {*CATALOGUE.platforms[platform].tags} <= {*status.tags}
    assert status.unsupported_precisions.keys() <= {*CATALOGUE.platforms[platform].precisions}


# ---- inputs


@pytest.mark.parametrize("model", TINY)
def test_inputs_are_the_same_for_a_seed_and_others_for_another(model: str, cells: Cells) -> None:
    spec = cells.spec("cpu", model)
    _, family, request = cells.request(spec)
    again, _ = family.inputs(request.folder.path, spec)
    assert all(numpy.array_equal(again[name], array) for name, array in request.example.items())
    other, _ = family.inputs(request.folder.path, spec.model_copy(update={"seed": 7}))
    differ = [name for name, array in request.example.items() if not numpy.array_equal(other[name], array)]
    assert differ or TINY[model][0] == NEVER_REAL


# ---- the contract of a platform


@each_pair
def test_what_is_converted_once_is_found_again(platform: str, model: str, cells: Cells) -> None:
    opened = cells.opened(platform, model)
    assert opened.platform.convert(opened.request) == 0.0


@each_pair
def test_an_engine_tells_its_parameters_and_where_it_runs(platform: str, model: str, cells: Cells) -> None:
    opened = cells.opened(platform, model)
    opened.workload.call()
    placement = opened.engine.placement()
    assert placement["runtime"].split()[0] and placement["classes"]
    assert (opened.engine.parameters() > 0) == (platform != NEVER_REAL)
    on_device = DEVICE_METRICS if CATALOGUE.platforms[platform].device == "gpu" else ()
    assert {*opened.engine.device_memory()} == {*on_device}


@each_pair
def test_a_call_gives_the_promised_outputs(platform: str, model: str, cells: Cells) -> None:
    workload = cells.opened(platform, model).workload
    raw, marked = workload.call()
    promised = tiny(model).outputs
    outputs = workload.outputs(raw)
    assert {name: array.shape for name, array in outputs.items()} == {
        name: (BATCH, *(BATCH if length < 0 else length for length in shape)) for name, shape in promised.items()
    }
    assert all(numpy.isfinite(array).all() for array in outputs.values())
    assert list(marked) == sorted(marked)
    new_tokens = tiny(model).new_tokens
    assert len(marked) == (new_tokens + 1 if new_tokens else 0)


@each_pair
def test_a_generating_model_makes_as_many_tokens_as_asked(platform: str, model: str, cells: Cells) -> None:
    if tiny(model).new_tokens:
        for asked in (1, 3):
            opened = cells.opened(platform, model)
            spec = opened.spec.model_copy(update={"new_tokens": asked})
            workload = opened.family.workload(opened.engine, opened.request.example, spec, opened.request.folder.path)
            assert workload.outputs(workload.call()[0])["tokens"].shape == (BATCH, asked)


@each_pair
def test_the_rows_of_a_batch_differ_and_the_first_is_that_of_a_batch_of_one(
    platform: str, model: str, cells: Cells
) -> None:
    if platform == NEVER_REAL:
        return
    two, one = cells.opened(platform, model).answers(), cells.opened(platform, model, batch_size=1).answers()
    assert any(not numpy.allclose(array[0], array[1], rtol=1e-3) for array in two.values())
    for name, array in one.items():
        first = two[name][:1, :1] if -1 in tiny(model).outputs.get(name, ()) else two[name][:1]
        numpy.testing.assert_allclose(array, first, rtol=1e-2, atol=1e-3 * abs(array).max())


# ---- a whole cell


@each_pair
def test_fp32_agrees_with_the_reference_in_every_layer(platform: str, model: str, cells: Cells) -> None:
    outcome = cells.outcome(platform, model)
    if platform == NEVER_REAL:
        assert failures(outcome)[Layer.IDENTITY] == "a fake platform measures nothing"
    else:
        assert failures(outcome) == {}
        layers = {each.layer for each in outcome.evidence}
        assert {Layer.IDENTITY, Layer.PLACEMENT, Layer.AGREEMENT, Layer.SENSITIVITY} <= layers


@each_precision
def test_another_precision_is_real_or_unsupported_with_a_reason(
    platform: str, model: str, precision: str, cells: Cells
) -> None:
    try:
        outcome = cells.outcome(platform, model, precision=precision)
    except Unsupported as refused:
        assert len(str(refused).split()) > 3
        return
    assert failures(outcome) == {}


@each_pair
def test_every_reading_is_a_metric_with_finite_samples(platform: str, model: str, cells: Cells) -> None:
    outcome = cells.outcome(platform, model)
    readings = {reading.metric: reading.samples for reading in outcome.readings}
    assert readings.keys() <= METRICS.keys()
    assert {"latency", "throughput", "load_time", "first_inference_time", "memory_growth"} <= readings.keys()
    assert all(math.isfinite(sample) and sample >= 0 for samples in readings.values() for sample in samples)


@each_platform
@pytest.mark.parametrize("family", CATALOGUE.families)
def test_a_family_gives_every_metric_of_its_columns(platform: str, family: str, cells: Cells) -> None:
    if CATALOGUE.refusal(family=family, platform=platform) is None:
        given = {
            reading.metric
            for model, (of, _) in TINY.items()
            for reading in (cells.outcome(platform, model).readings if of == family else ())
        }
        assert {*CATALOGUE.families[family].columns} <= given


# ---- what cannot be had


@each_platform
def test_a_head_that_a_platform_does_not_know_is_unsupported(platform: str, cells: Cells) -> None:
    model = next(
        model for model, (family, _) in TINY.items() if not CATALOGUE.refusal(family=family, platform=platform)
    )
    runtime, _, request = cells.request(cells.spec(platform, model))
    if platform != NEVER_REAL:
        with pytest.raises(Unsupported, match="Nonsense"):
            runtime.convert(request._replace(head="Nonsense"))
            runtime.load(request._replace(head="Nonsense"))
