"""The sweeps in examples/ load with the farm's own catalogue and do what their comments say."""

from collections import Counter
from pathlib import Path

import pytest

from farm.sweeps.catalogue import Catalogue, read_catalogue
from farm.sweeps.expand import expand
from farm.sweeps.load import load_sweep

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def real() -> Catalogue:
    return read_catalogue()


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_example_expands_into_cells_that_can_run(path: Path, real: Catalogue) -> None:
    cells = expand(load_sweep(path, real), real)
    assert cells
    assert [cell.unsupported for cell in cells if cell.unsupported] == []


def test_the_quickstart_is_four_models_on_two_platforms_at_two_precisions(real: Catalogue) -> None:
    cells = expand(load_sweep(EXAMPLES / "quickstart.yaml", real), real)
    assert Counter((cell.spec.model.name, cell.spec.platform) for cell in cells) == {
        (model, platform): 2
        for model in ("bert-tiny", "minilm", "gpt2", "whisper-tiny")
        for platform in ("cpu", "openvino")
    }


def test_the_faults_run_on_the_fake_platform_alone(real: Catalogue) -> None:
    cells = expand(load_sweep(EXAMPLES / "faults.yaml", real), real)
    assert {cell.spec.platform for cell in cells} == {"fake"}
    assert [cell.spec.options.get("fault") for cell in cells] == [
        None, "raise", "segfault", "kill", "oom", "exit", "hang"
    ]  # fmt: skip


def test_the_reference_sweep_is_every_model_of_the_zoo_on_both_runtimes(real: Catalogue) -> None:
    cells = expand(load_sweep(EXAMPLES / "reference.yaml", real), real)
    models = {name for name, entry in real.models.items() if entry.family != "fake"}
    assert {(cell.spec.model.name, cell.spec.platform) for cell in cells} == {
        (model, platform) for model in models for platform in ("cpu", "openvino")
    }
    assert len(cells) == 26


def test_the_scenarios_are_single_calls_a_search_of_the_batch_and_two_servers_on_each_runtime(real: Catalogue) -> None:
    cells = expand(load_sweep(EXAMPLES / "scenarios.yaml", real), real)
    assert Counter(cell.spec.scenario for cell in cells) == {"latency": 2, "throughput": 2, "server": 4}
    assert {cell.spec.server.rate for cell in cells if cell.spec.server} == {20.0, "highest"}
    assert all(cell.spec.searches_batch() for cell in cells if cell.spec.scenario == "throughput")
