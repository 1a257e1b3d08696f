"""Models that are no zoo's, as folders in a sweep: good ones come out real, and each bad one fails alone."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from transformers import BertConfig, BertModel

from tests.flow.test_run import farm
from tests.workers.families import tiny_models
from tests.workers.platforms.cells import Cells
from tests.workers.test_models import write_sparse_weights
from workers.zoo._seeded import save_seeded

pytestmark = pytest.mark.models

QUICK = """
measure: {min_iterations: 3, max_iterations: 5, min_seconds: 0, max_seconds: 5, warmup_seconds: 0}
max_attempts: 1
"""


def test_architectures_that_the_zoo_has_not_are_real_on_both_runtimes(cells: Cells, tmp_path: Path) -> None:
    strangers = tiny_models("STRANGERS")
    for name, (_, tiny) in strangers.items():
        (tmp_path / name).mkdir()
        assert tiny.build is not None
        tiny.build(tmp_path / name)
    shutil.copytree(cells.folder("vit"), tmp_path / "vit")
    names = [*strangers, "vit"]
    folders = ", ".join(f"./{name}" for name in names)
    (tmp_path / "sweep.yaml").write_text(
        f"name: strangers\nmodels: [{folders}]\nplatforms: [cpu, openvino]\nprecision: [fp32]\n"
        f"batch_size: [2]\nsequence_length: [9]\nnew_tokens: [4]\n{QUICK}"
    )
    farm("run", tmp_path / "sweep.yaml", "--report", tmp_path / "report")
    rows = json.loads(farm("results", "-f", "json").stdout)
    assert {(row["model"], row["platform"]) for row in rows} == {
        (name, platform) for name in names for platform in ("cpu", "openvino")
    }
    for row in rows:
        if row["verdict"] == "real":  # all layers passed
            continue
        shown = json.loads(farm("results", "show", row["result"], "-f", "json").stdout)
        failed = {each["layer"]: each["reason"] for each in shown["evidence"] if each["outcome"] != "pass"}
        # The time of a tiny model hardly follows its work, and on a busy machine not at all.
        assert failed.keys() <= {"plausibility"}, (row["model"], failed)
        assert row["verdict"] == "suspect"


# ---- bad ones


def bert(folder: Path) -> None:
    """A good folder, to be spoilt."""
    folder.mkdir()
    config = BertConfig(vocab_size=50, hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8)
    save_seeded(lambda: BertModel(config), folder)


def cut_short(folder: Path) -> None:
    bert(folder)
    os.truncate(folder / "model.safetensors", 3000)


def pickled(folder: Path) -> None:
    bert(folder)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def with_code(folder: Path) -> None:
    bert(folder)
    change(folder, auto_map={"AutoModel": "modeling.Mine"})


def unheard(folder: Path) -> None:
    bert(folder)
    change(folder, model_type="unheard", architectures=["UnheardModel"])


def too_large(folder: Path) -> None:
    bert(folder)
    write_sparse_weights(folder / "model.safetensors", 3 << 40)


def change(folder: Path, **facts: object) -> None:
    config = folder / "config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), **facts}))


BAD: dict[str, tuple[Callable[[Path], None], str, str, str]] = {
    "cut-short": (cut_short, "text_embedding", "model_invalid", "copy or download it again"),
    "pickled": (pickled, "text_embedding", "unsafe_model", "save it again with save_pretrained"),
    "with-code": (with_code, "text_embedding", "unsafe_model", "FARM_REMOTE_CODE"),
    "unheard": (unheard, "text_embedding", "model_invalid", "newer transformers"),
    "headless": (bert, "text_generation", "model_invalid", "give the family whose head"),
    "too-large": (too_large, "text_embedding", "out_of_memory", "use a larger machine"),
    "no-tokenizer": (bert, "text_embedding", "model_invalid", "has no tokenizer"),
}


def test_each_bad_folder_fails_alone_and_says_what_to_do(cells: Cells, tmp_path: Path) -> None:
    items = [f"  - {{path: ./{name}, family: {family}}}" for name, (_, family, _, _) in BAD.items()]
    for name, (spoil, *_) in BAD.items():
        spoil(tmp_path / name)
    for name in ("unheard", "headless"):
        for file in cells.folder("bert").glob("tokenizer*"):
            shutil.copy(file, tmp_path / name)
    shutil.copytree(cells.folder("vit"), tmp_path / "good")
    (tmp_path / "sweep.yaml").write_text(
        "\n".join(["name: bad", "models:", *items, "  - ./good", "platforms: [cpu]", "sequence_length: [9]", QUICK])
    )
    farm("run", tmp_path / "sweep.yaml", "--report", tmp_path / "report", check=1)
    jobs = {job["cell"].split(" ")[0]: job for job in json.loads(farm("jobs", "list", "-f", "json").stdout)}
    assert jobs.pop("good")["state"] == "done"
    assert {name: job["state"] for name, job in jobs.items()} == dict.fromkeys(BAD, "failed")
    for name, (_, _, code, advice) in BAD.items():
        said = jobs[name]["reason"]
        assert (code in said, name in said, advice in said) == (True, True, True), said


def test_a_real_model_on_the_fake_platform_is_unsupported(tmp_path: Path) -> None:
    sweep = tmp_path / "sweep.yaml"
    sweep.write_text("name: mixed\nmodels: [bert-tiny, fake-model]\nplatforms: [fake]\n" + QUICK)
    farm("sweep", "submit", sweep)
    jobs = {job["cell"].split(" ")[0]: job for job in json.loads(farm("jobs", "list", "-f", "json").stdout)}
    assert (jobs["bert-tiny"]["state"], jobs["fake-model"]["state"]) == ("unsupported", "planned")
    assert "fake runs only fake" in jobs["bert-tiny"]["reason"]
