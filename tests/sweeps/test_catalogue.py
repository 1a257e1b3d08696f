"""The catalogue is read from literal facts, and from nothing else."""

import subprocess
import sys
from pathlib import Path

import pytest

from farm.contract.errors import EnvironmentFault, UnknownName
from farm.sweeps.catalogue import Catalogue, ModelEntry, PlatformEntry, read_catalogue


def test_a_model_is_named_after_its_file_with_dashes(catalogue: Catalogue) -> None:
    assert catalogue.models["bert-tiny"] == ModelEntry(
        name="bert-tiny", family="text_embedding", stands_for="prajjwal1/bert-tiny", parameters=4385920
    )


def test_files_without_the_marking_fact_and_helpers_are_no_entries(catalogue: Catalogue) -> None:
    assert [*catalogue.models] == ["bert-tiny", "gpt2", "painter", "sleeper"]
    assert [*catalogue.platforms] == ["cpu", "fake", "openvino"]


def test_a_platform_keeps_its_options_with_their_defaults(catalogue: Catalogue) -> None:
    assert catalogue.platforms["cpu"] == PlatformEntry(
        name="cpu",
        precisions=("fp32", "bf16"),
        fast_precision="bf16",
        tags=("cpu",),
        start="fork",
        device="host",
        options={"compile": False, "attention": "sdpa"},
    )


def test_a_family_without_platforms_runs_on_all(catalogue: Catalogue) -> None:
    assert catalogue.families["text_embedding"].platforms == ()
    assert catalogue.families["fake"].platforms == ("fake",)


def test_the_precisions_of_all_platforms_are_named_once(catalogue: Catalogue) -> None:
    assert catalogue.precisions() == ("fp32", "bf16", "int8")


def test_an_unknown_platform_is_refused_with_the_nearest(catalogue: Catalogue) -> None:
    with pytest.raises(UnknownName, match="did you mean openvino"):
        catalogue.platform("openvno")


def test_the_longest_architecture_ending_decides_the_family(catalogue: Catalogue) -> None:
    assert catalogue.family_of(("GPT2LMHeadModel",)) == "text_generation"
    assert catalogue.family_of(("BertModel",)) == "text_embedding"
    assert catalogue.family_of(("Unheard",)) is None


def test_a_missing_fact_names_the_file_and_the_fact(workers: Path) -> None:
    (workers / "platforms" / "cpu.py").write_text("PRECISIONS = ('fp32',)\n")
    with pytest.raises(EnvironmentFault, match=r"cpu\.py does not state FAST_PRECISION as a literal"):
        read_catalogue(workers)


def test_a_fact_of_the_wrong_type_names_the_file(workers: Path) -> None:
    path = workers / "zoo" / "gpt2.py"
    path.write_text(path.read_text().replace("124439808", "'many'"))
    with pytest.raises(EnvironmentFault, match=r"gpt2\.py states a fact wrongly: parameters"):
        read_catalogue(workers)


def test_a_broken_file_is_named_with_its_line(workers: Path) -> None:
    (workers / "zoo" / "gpt2.py").write_text("FAMILY = 1\nFAMILY = = 2\n")
    with pytest.raises(EnvironmentFault, match=r"gpt2\.py:2: "):
        read_catalogue(workers)


def test_the_farms_own_catalogue_is_whole_and_imports_nothing_heavy() -> None:
    code = (
        "import sys; from farm.sweeps.catalogue import read_catalogue; found = read_catalogue();"
        "print(sorted(set(sys.modules) & {'torch', 'transformers', 'openvino', 'workers', 'numpy'}));"
        "print({'bert-tiny', 'minilm', 'gpt2', 'whisper-tiny'} <= set(found.models));"
        "print({'cpu', 'cuda', 'openvino', 'fake'} <= set(found.platforms));"
        "print(all(entry.fast_precision in entry.precisions for entry in found.platforms.values()))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.split("\n") == ["[]", "True", "True", "True", ""]
