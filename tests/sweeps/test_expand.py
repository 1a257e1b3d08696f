"""A plan expands into cells: all of them, each once, in order, and nothing that has no meaning."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from farm.contract.job import Measure, ModelReference
from farm.contract.requirement import Requirement
from farm.contract.scenario import Throughput
from farm.sweeps.catalogue import Catalogue
from farm.sweeps.expand import Cell, expand
from farm.sweeps.plan import Arrivals, Override, Require, SweepPlan

FAMILIES = {
    "bert-tiny": "text_embedding",
    "gpt2": "text_generation",
    "painter": "image_generation",
    "sleeper": "fake",
}


def plan(*models: str, **parts: Any) -> SweepPlan:
    references = tuple(
        ModelReference(name=name, source="zoo", location=name, family=FAMILIES[name]) for name in models or ("gpt2",)
    )
    return SweepPlan(**{"name": "p", "platforms": ("cpu",), "models": references, **parts})


def words(cells: tuple[Cell, ...]) -> list[str]:
    return [cell.spec.cell() for cell in cells]


def test_cells_come_model_by_model_in_the_order_of_the_file(catalogue: Catalogue) -> None:
    found = expand(plan("gpt2", "bert-tiny", platforms=("openvino", "cpu"), precision=("fp32", "bf16")), catalogue)
    assert words(found) == [
        "gpt2 x openvino fp32 batch 1 tokens 128+32",
        "gpt2 x openvino bf16 batch 1 tokens 128+32",
        "gpt2 x cpu fp32 batch 1 tokens 128+32",
        "gpt2 x cpu bf16 batch 1 tokens 128+32",
        "bert-tiny x openvino fp32 batch 1 tokens 128",
        "bert-tiny x openvino bf16 batch 1 tokens 128",
        "bert-tiny x cpu fp32 batch 1 tokens 128",
        "bert-tiny x cpu bf16 batch 1 tokens 128",
    ]


def test_an_axis_without_meaning_for_a_family_makes_no_cells(catalogue: Catalogue) -> None:
    found = expand(
        plan("bert-tiny", "sleeper", platforms=("fake",), new_tokens=(1, 2, 3), batch_size=(1, 8)), catalogue
    )
    assert words(found) == [
        "bert-tiny x fake fp32 batch 1 tokens 128",
        "bert-tiny x fake fp32 batch 8 tokens 128",
        "sleeper x fake fp32 batch 1",
    ]
    assert found[0].spec.new_tokens is None


def test_fast_is_each_platforms_own_precision_and_merges_with_it(catalogue: Catalogue) -> None:
    found = expand(plan(platforms=("cpu", "openvino", "fake"), precision=("fp32", "fast", "int8")), catalogue)
    assert [(cell.spec.platform, cell.spec.precision, cell.unsupported) for cell in found] == [
        ("cpu", "fp32", None),
        ("cpu", "bf16", None),
        ("cpu", "int8", "cpu has no int8; it has fp32, bf16"),
        ("openvino", "fp32", None),
        ("openvino", "int8", None),
        ("fake", "fp32", None),
        ("fake", "int8", "fake has no int8; it has fp32"),
    ]


def test_a_family_that_names_its_platforms_is_unsupported_on_others(catalogue: Catalogue) -> None:
    found = expand(plan("sleeper", platforms=("cpu", "fake")), catalogue)
    assert [cell.unsupported for cell in found] == ["fake runs only on fake", None]


def test_a_model_whose_family_is_not_there_is_unsupported(catalogue: Catalogue) -> None:
    (found,) = expand(plan("painter"), catalogue)
    assert found.unsupported == "there is no family image_generation in this version of the farm"


def test_options_are_axes_of_their_platform_only_and_defaults_are_left_unsaid(catalogue: Catalogue) -> None:
    options = {"cpu": {"compile": (False, True)}, "openvino": {"num_streams": (0, 1, 2)}}
    found = expand(plan(platforms=("cpu", "openvino"), options=options), catalogue)
    assert [(cell.spec.platform, cell.spec.options) for cell in found] == [
        ("cpu", {}),
        ("cpu", {"compile": True}),
        ("openvino", {}),
        ("openvino", {"num_streams": 1}),
        ("openvino", {"num_streams": 2}),
    ]


def test_an_excluded_cell_is_gone_and_only_it(catalogue: Catalogue) -> None:
    parts: dict[str, Any] = {"platforms": ("cpu", "openvino"), "precision": ("fp32", "fast"), "batch_size": (1, 8)}
    whole = expand(plan(**parts), catalogue)
    left = expand(
        plan(**parts, exclude=({"precision": ("fast",), "platform": ("openvino",), "batch_size": (8,)},)), catalogue
    )
    assert set(words(whole)) - set(words(left)) == {"gpt2 x openvino int8 batch 8 tokens 128+32"}


def test_an_option_left_at_its_default_can_be_excluded_by_it(catalogue: Catalogue) -> None:
    found = expand(plan(platforms=("cpu", "openvino"), exclude=({"compile": (False,)},)), catalogue)
    assert [cell.spec.platform for cell in found] == ["openvino"]


def test_a_later_override_wins_and_the_others_keep_what_they_had(catalogue: Catalogue) -> None:
    overrides = (
        Override(where={"model": ("gpt2",)}, measure={"max_seconds": 60}, timeout=60, new_tokens=4, seed=3),
        Override(where={"platform": ("cpu",)}, timeout=90, options={"cpu": {"compile": True}}),
        Override(
            where={"platform": ("cpu",)}, require=Require(tags=("AMX",), minimum={"memory_gib": 8}, machine="box")
        ),
    )
    found = expand(
        plan("gpt2", "bert-tiny", platforms=("cpu", "openvino"), overrides=overrides, require=Require(tags=("avx2",))),
        catalogue,
    )
    gpt2_cpu, gpt2_openvino, bert_cpu, bert_openvino = (cell.spec for cell in found)
    assert (gpt2_cpu.timeout, gpt2_openvino.timeout, bert_cpu.timeout, bert_openvino.timeout) == (90, 60, 90, 900)
    assert gpt2_openvino.measure == Measure(max_seconds=60)
    assert bert_openvino.measure == Measure()
    assert (gpt2_cpu.new_tokens, gpt2_cpu.seed, gpt2_cpu.options) == (4, 3, {"compile": True})
    assert (bert_cpu.new_tokens, bert_cpu.seed) == (None, 0)
    assert bert_cpu.requirement == Requirement(tags=("amx", "avx2", "cpu"), minimum={"memory_gib": 8}, machine="box")
    assert bert_openvino.requirement == Requirement(tags=("avx2", "openvino"))


def test_cells_that_an_override_makes_equal_become_one(catalogue: Catalogue) -> None:
    overrides = (Override(where={"model": ("gpt2",)}, batch_size=4),)
    assert words(expand(plan(batch_size=(1, 8), overrides=overrides), catalogue)) == [
        "gpt2 x cpu fp32 batch 4 tokens 128+32"
    ]


def test_every_rate_is_a_cell_of_the_server_alone(catalogue: Catalogue) -> None:
    server = Arrivals(rate=(5.0, "highest"), latency_bound=0.1)
    found = expand(plan("bert-tiny", scenario=("latency", "server"), batch_size=(1, 2), server=server), catalogue)
    assert words(found) == [
        "bert-tiny x cpu fp32 batch 1 tokens 128",
        "bert-tiny x cpu fp32 batch 2 tokens 128",
        "bert-tiny x cpu fp32 batch 1 tokens 128 server 5/s with p99 within 100 ms",
        "bert-tiny x cpu fp32 batch 1 tokens 128 server highest rate with p99 within 100 ms",
        "bert-tiny x cpu fp32 batch 2 tokens 128 server 5/s with p99 within 100 ms",
        "bert-tiny x cpu fp32 batch 2 tokens 128 server highest rate with p99 within 100 ms",
    ]
    assert len({cell.spec.fingerprint() for cell in found}) == 6
    assert [cell.spec.server is None for cell in found] == [True, True, False, False, False, False]


def test_where_the_batch_is_searched_its_axis_has_no_meaning(catalogue: Catalogue) -> None:
    searching = Throughput(search_batch_size=(2, 64), memory_bytes=2.0**30)
    parts: dict[str, Any] = {"scenario": ("latency", "throughput"), "batch_size": (1, 8), "throughput": searching}
    assert words(expand(plan("bert-tiny", **parts), catalogue)) == [
        "bert-tiny x cpu fp32 batch 1 tokens 128",
        "bert-tiny x cpu fp32 batch 8 tokens 128",
        "bert-tiny x cpu fp32 batch 2 to 64 tokens 128 throughput within 1 GiB",
    ]
    fixed = Override(where={"scenario": ("throughput",)}, batch_size=4)
    assert words(expand(plan("bert-tiny", **parts, overrides=(fixed,)), catalogue))[-1] == (
        "bert-tiny x cpu fp32 batch 4 tokens 128 throughput within 1 GiB"
    )
    assert (
        words(expand(plan("painter", **parts), catalogue))[-1] == "painter x cpu fp32 batch 1 throughput within 1 GiB"
    )


def test_settings_that_are_not_set_leave_the_fingerprint_as_it_was(catalogue: Catalogue) -> None:
    """A result is found again by its fingerprint: this one is of a version that knew no settings of scenarios."""
    (latency,) = expand(plan(), catalogue)
    assert latency.spec.fingerprint() == "9b0307fae8bb8371"
    (throughput,) = expand(plan(scenario=("throughput",)), catalogue)
    (searched,) = expand(plan(scenario=("throughput",), throughput=Throughput(search_batch_size=(1, 2))), catalogue)
    assert len({each.spec.fingerprint() for each in (latency, throughput, searched)}) == 3


axes = some.fixed_dictionaries(
    {
        "platforms": some.lists(some.sampled_from(["cpu", "openvino", "fake"]), min_size=1, unique=True),
        "precision": some.lists(some.sampled_from(["fp32", "bf16", "int8"]), min_size=1, unique=True),
        "scenario": some.lists(some.sampled_from(["latency", "throughput"]), min_size=1, unique=True),
        "batch_size": some.lists(some.integers(1, 64), min_size=1, max_size=3, unique=True),
        "sequence_length": some.lists(some.integers(1, 512), min_size=1, max_size=3, unique=True),
        "new_tokens": some.lists(some.integers(1, 64), min_size=1, max_size=3, unique=True),
    }
)


@given(axes=axes)
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_there_are_as_many_cells_as_the_product_of_the_axes_that_have_a_meaning(
    catalogue: Catalogue, axes: dict[str, list[Any]]
) -> None:
    tuples = {name: tuple(values) for name, values in axes.items()}
    shared = len(axes["platforms"]) * len(axes["precision"]) * len(axes["scenario"])
    sizes = {name: len(values) for name, values in axes.items()}
    found = expand(plan("gpt2", "bert-tiny", "painter", **tuples), catalogue)
    per_model = {name: sum(cell.spec.model.name == name for cell in found) for name in ("gpt2", "bert-tiny", "painter")}
    assert per_model == {
        "gpt2": shared * sizes["batch_size"] * sizes["sequence_length"] * sizes["new_tokens"],
        "bert-tiny": shared * sizes["batch_size"] * sizes["sequence_length"],
        "painter": shared,
    }
    assert len({cell.spec.fingerprint() for cell in found}) == len(found)
    assert expand(plan("gpt2", "bert-tiny", "painter", **tuples), catalogue) == found


@given(axes=axes, data=some.data())
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_exclusion_removes_exactly_the_cells_that_have_its_values(
    catalogue: Catalogue, axes: dict[str, list[Any]], data: some.DataObject
) -> None:
    tuples = {name: tuple(values) for name, values in axes.items()}
    platform = data.draw(some.sampled_from(axes["platforms"]))
    batch = data.draw(some.sampled_from(axes["batch_size"]))
    whole = expand(plan(**tuples), catalogue)
    left = expand(plan(**tuples, exclude=({"platform": (platform,), "batch_size": (batch,)},)), catalogue)
    gone = [cell for cell in whole if cell.spec.platform == platform and cell.spec.batch_size == batch]
    assert [cell for cell in whole if cell not in gone] == [*left]
    assert gone
