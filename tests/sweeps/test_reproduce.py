"""A job written as a sweep of its own loads, and expands to that very job."""

from pathlib import Path
from typing import Any

import pytest

from farm.contract.job import JobSpec, Measure, ModelReference
from farm.contract.requirement import Requirement
from farm.sweeps.catalogue import read_catalogue
from farm.sweeps.expand import expand
from farm.sweeps.load import load_sweep
from farm.sweeps.reproduce import as_sweep

CATALOGUE = read_catalogue()
GPT2 = ModelReference(name="gpt2", source="zoo", location="gpt2", family="text_generation")
HUB = ModelReference(name="mine", source="hub", location="a/b", family="text_embedding", revision="abc123")
CLIP = ModelReference(name="clip", source="zoo", location="clip", family="image_text")


def spec(model: ModelReference, platform: str = "cpu", **changes: Any) -> JobSpec:
    need = Requirement(tags=CATALOGUE.platforms[platform].tags).canonical()
    plain: dict[str, Any] = {"model": model, "platform": platform, "precision": "bf16", "requirement": need}
    return JobSpec(**(plain | changes))


def again(spec: JobSpec, folder: Path) -> JobSpec:
    """Write the sweep, load it and expand it; gives its only cell."""
    path = folder / "again.yaml"
    path.write_text(as_sweep(spec, CATALOGUE, name="again", labels={"reproduces": "2345678901"}))
    plan = load_sweep(path, CATALOGUE)
    assert plan.labels == {"reproduces": "2345678901"}
    (cell,) = expand(plan, CATALOGUE)
    assert cell.unsupported is None
    return cell.spec


@pytest.mark.parametrize(
    "spec",
    [
        spec(GPT2, sequence_length=32, new_tokens=8, batch_size=4, scenario="throughput", seed=7, timeout=61.5),
        spec(GPT2, sequence_length=32, new_tokens=8, options={"attention": "eager", "compile": True, "threads": 1}),
        spec(GPT2, "openvino", sequence_length=16, new_tokens=4, options={"inference_precision": "f32"}),
        spec(CLIP, "openvino", precision="int8"),
        spec(HUB, sequence_length=128, measure=Measure(min_iterations=3, max_seconds=5.5, repeats=3)),
    ],
    ids=lambda spec: spec.cell(),
)
def test_the_same_job_comes_out(spec: JobSpec, tmp_path: Path) -> None:
    found = again(spec, tmp_path)
    assert found.fingerprint() == spec.fingerprint()
    assert found == spec


def test_what_a_machine_must_have_is_kept(tmp_path: Path) -> None:
    need = Requirement(tags=("amx", "cpu"), minimum={"memory_gib": 4.0}, machine="box")
    assert again(spec(CLIP, requirement=need), tmp_path).requirement == need


def test_a_folder_is_named_by_its_path(tmp_path: Path) -> None:
    folder = tmp_path / "my model: v2"
    folder.mkdir()
    (folder / "config.json").write_text('{"architectures": ["Unheard"]}')
    model = ModelReference(name="nicer", source="folder", location=str(folder), family="text_embedding")
    assert again(spec(model, sequence_length=8), tmp_path).model == model
