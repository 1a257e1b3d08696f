import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy
import pytest
from safetensors.numpy import save_file

from farm.contract.errors import ModelInvalid, ModelNotFound, OutOfMemory, UnsafeModel, WrongModel
from farm.contract.job import ModelReference
from workers import models
from workers.engine import ModelFolder
from workers.folders import weights_checksum
from workers.zoo import building

ResolveFolder = Callable[..., ModelFolder]


def write_model(folder: Path, **config: object) -> Path:
    """Write a small model folder as save_pretrained would: 6 parameters in two tensors."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps({"model_type": "bert", **config}))
    (folder / "tokenizer.json").write_text("{}")
    tensors = {"weight": numpy.ones((2, 2), numpy.float32), "bias": numpy.ones(2, numpy.float32)}
    save_file(tensors, folder / "model.safetensors")
    return folder


def write_sparse_weights(path: Path, size: int) -> None:
    """Write a valid safetensors file of one tensor of `size` bytes that takes no room on the disk."""
    header = json.dumps({"w": {"dtype": "F32", "shape": [size // 4], "data_offsets": [0, size]}}).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header)
    os.truncate(path, 8 + len(header) + size)


@pytest.fixture
def resolve_folder(tmp_path: Path) -> ResolveFolder:
    def resolve(
        location: Path | str, *, roots: Sequence[Path | str] = (), remote_code: Sequence[str] = ()
    ) -> ModelFolder:
        reference = ModelReference(name="mine", source="folder", location=str(location), family="text_embedding")
        return models.resolve(
            reference, cache_dir=tmp_path / "cache", model_roots=roots, remote_code=remote_code, offline=True
        )

    return resolve


def resolve_zoo(name: str, cache_dir: Path) -> ModelFolder:
    reference = ModelReference(name=name, source="zoo", location=name, family="fake")
    return models.resolve(reference, cache_dir=cache_dir, model_roots=("/nowhere",), remote_code=(), offline=True)


# ---- the zoo


def test_a_zoo_model_is_built_once_and_found_afterwards(tmp_path: Path) -> None:
    built = resolve_zoo("fake-model", tmp_path)
    assert json.loads((built.path / "config.json").read_text())["model_type"] == "fake"
    assert built.seconds > 0.0
    assert (built.parameters, built.published_parameters, built.revision) == (0, 0, None)
    assert resolve_zoo("fake-model", tmp_path) == built._replace(seconds=0.0)


def test_the_fake_model_needs_neither_torch_nor_transformers(tmp_path: Path) -> None:
    code = """
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from farm.contract.job import ModelReference
from workers import models
fake = ModelReference(name="fake-model", source="zoo", location="fake-model", family="fake")
folder = models.resolve(fake, cache_dir=Path(sys.argv[1]), model_roots=(), remote_code=(), offline=True)
assert (folder.path / "config.json").is_file()
print(sorted({"torch", "transformers", "tokenizers", "huggingface_hub"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_unknown_zoo_model_is_refused_with_the_nearest_names(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound, match=r"no model 'mini-lm'; did you mean minilm"):
        resolve_zoo("mini-lm", tmp_path)
    with pytest.raises(ModelNotFound, match=r"known: bert-tiny, .*xclip"):
        resolve_zoo("../../secret", tmp_path)


def test_what_is_no_model_is_not_in_the_zoo(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound):
        resolve_zoo("building", tmp_path)


def test_the_key_changes_with_the_seed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = resolve_zoo("fake-model", tmp_path).key
    monkeypatch.setattr(building, "SEED", building.SEED + 1)
    assert resolve_zoo("fake-model", tmp_path).key != before


def test_a_model_with_other_parameters_than_published_is_refused_and_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = building.read_facts("fake-model")._replace(parameters=7)
    monkeypatch.setattr(building, "read_facts", lambda name: facts)
    with pytest.raises(WrongModel, match="built with 0 parameters, and nothing has 7"):
        resolve_zoo("fake-model", tmp_path)
    assert list((tmp_path / "models").glob("fake*")) == []


# ---- local folders


def test_a_local_folder_is_used_in_place(tmp_path: Path, resolve_folder: ResolveFolder) -> None:
    folder = write_model(tmp_path / "model")
    found = resolve_folder(folder)
    assert found.path == folder
    assert found.parameters == 6
    assert (found.published_parameters, found.revision, found.seconds) == (None, None, 0.0)


def test_equal_folders_have_equal_keys_wherever_they_lie(tmp_path: Path, resolve_folder: ResolveFolder) -> None:
    first, second = write_model(tmp_path / "a"), write_model(tmp_path / "b")
    assert resolve_folder(first).key == resolve_folder(second).key


@pytest.mark.parametrize("changed", ["config.json", "tokenizer.json"])
def test_the_key_follows_every_file_that_is_read(tmp_path: Path, resolve_folder: ResolveFolder, changed: str) -> None:
    folder = write_model(tmp_path / "model")
    before = resolve_folder(folder).key
    (folder / changed).write_text(json.dumps({"model_type": "bert", "more": 1}))
    assert resolve_folder(folder).key != before


def test_the_key_does_not_follow_files_that_nothing_reads(tmp_path: Path, resolve_folder: ResolveFolder) -> None:
    folder = write_model(tmp_path / "model")
    before = resolve_folder(folder).key
    (folder / "README.md").write_text("about")
    (folder / ".git").mkdir()
    assert resolve_folder(folder).key == before


def test_the_checksum_follows_the_weights_alone(tmp_path: Path) -> None:
    one, same, other = (write_model(tmp_path / name) for name in ("one", "same", "other"))
    (same / "config.json").write_text('{"model_type": "bert", "transformers_version": "a newer one"}')
    save_file({"w": numpy.full(3, 7, numpy.float32)}, other / "model.safetensors")
    first, second, third = (weights_checksum(folder, tmp_path / "cache") for folder in (one, same, other))
    assert first == second != third
    (tmp_path / "empty").mkdir()
    assert weights_checksum(tmp_path / "empty", tmp_path / "cache") is None


def test_the_key_follows_large_weights_whose_hash_is_remembered(tmp_path: Path, resolve_folder: ResolveFolder) -> None:
    folder = write_model(tmp_path / "model")
    save_file({"w": numpy.zeros(1 << 19, numpy.float32)}, folder / "model.safetensors")
    before = resolve_folder(folder).key
    assert resolve_folder(folder).key == before
    save_file({"w": numpy.ones(1 << 19, numpy.float32)}, folder / "model.safetensors")
    assert resolve_folder(folder).key != before


def test_a_missing_folder_is_not_found(tmp_path: Path, resolve_folder: ResolveFolder) -> None:
    with pytest.raises(ModelNotFound, match="does not exist on this machine"):
        resolve_folder(tmp_path / "nothing")


def test_a_file_is_no_folder(tmp_path: Path, resolve_folder: ResolveFolder) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelNotFound, match="is a file"):
        resolve_folder(tmp_path / "file")


def test_a_folder_without_config_is_invalid(tmp_path: Path, resolve_folder: ResolveFolder) -> None:
    (write_model(tmp_path / "model") / "config.json").unlink()
    with pytest.raises(ModelInvalid, match=r"model has no config\.json"):
        resolve_folder(tmp_path / "model")


@pytest.mark.parametrize(
    ("text", "told"),
    [("{", "cannot be read as JSON"), ("[]", "holds no JSON object"), ("{}", "has no model_type"), ("\x00", "JSON")],
)
def test_a_broken_config_is_invalid(tmp_path: Path, resolve_folder: ResolveFolder, text: str, told: str) -> None:
    (write_model(tmp_path / "model") / "config.json").write_text(text)
    with pytest.raises(ModelInvalid, match=told):
        resolve_folder(tmp_path / "model")


def test_a_folder_without_weights_is_invalid(tmp_path: Path, resolve_folder: ResolveFolder) -> None:
    (write_model(tmp_path / "model") / "model.safetensors").unlink()
    with pytest.raises(ModelInvalid, match="has no weights"):
        resolve_folder(tmp_path / "model")


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "weights.pth"])
def test_pickle_weights_alone_are_unsafe(tmp_path: Path, resolve_folder: ResolveFolder, name: str) -> None:
    folder = write_model(tmp_path / "model")
    (folder / "model.safetensors").rename(folder / name)
    with pytest.raises(UnsafeModel, match=rf"only in pickle form \({name}\).*save_pretrained"):
        resolve_folder(folder)


def test_pickle_weights_beside_safetensors_do_not_matter(tmp_path: Path, resolve_folder: ResolveFolder) -> None:
    folder = write_model(tmp_path / "model")
    (folder / "pytorch_model.bin").write_bytes(b"")
    assert resolve_folder(folder).parameters == 6


def test_a_model_with_its_own_code_is_unsafe(tmp_path: Path, resolve_folder: ResolveFolder) -> None:
    folder = write_model(tmp_path / "model", auto_map={"AutoModel": "modeling.Mine"})
    with pytest.raises(UnsafeModel, match=r"auto_map in config\.json.*FARM_REMOTE_CODE"):
        resolve_folder(folder)


def test_a_tokenizer_or_processor_with_its_own_code_is_unsafe_too(
    tmp_path: Path, resolve_folder: ResolveFolder
) -> None:
    folder = write_model(tmp_path / "model")
    nested = {"image_processor": {"auto_map": {"AutoImageProcessor": "mine.Mine"}}}
    (folder / "processor_config.json").write_text(json.dumps(nested))
    with pytest.raises(UnsafeModel, match=r"processor_config\.json"):
        resolve_folder(folder)


def test_a_models_own_code_may_run_when_the_operator_allows_exactly_it(
    tmp_path: Path, resolve_folder: ResolveFolder
) -> None:
    folder = write_model(tmp_path / "model", auto_map={"AutoModel": "modeling.Mine"})
    assert resolve_folder(folder, remote_code=("mine",)).path == folder
    assert resolve_folder(folder, remote_code=(str(folder),)).path == folder
    with pytest.raises(UnsafeModel):
        resolve_folder(folder, remote_code=("other", str(tmp_path)))


def test_a_folder_inside_a_model_root_is_allowed(tmp_path: Path, resolve_folder: ResolveFolder) -> None:
    folder = write_model(tmp_path / "root" / "model")
    assert resolve_folder(folder, roots=(tmp_path / "other", str(tmp_path / "root"))).path == folder


@pytest.mark.parametrize("location", ["outside", "root/../outside", "root/link", "root-twin", "root/missing/../../x"])
def test_a_folder_outside_the_model_roots_is_unsafe(
    tmp_path: Path, resolve_folder: ResolveFolder, location: str
) -> None:
    for name in ("outside", "root-twin"):
        write_model(tmp_path / name)
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "link").symlink_to(tmp_path / "outside")
    with pytest.raises(UnsafeModel, match=f"outside the model roots.*{tmp_path}/root"):
        resolve_folder(tmp_path / location, roots=(tmp_path / "root",))


def test_a_file_that_leads_outside_the_model_roots_is_unsafe(tmp_path: Path, resolve_folder: ResolveFolder) -> None:
    secret = tmp_path / "secret.json"
    secret.write_text("{}")
    folder = write_model(tmp_path / "root" / "model")
    (folder / "vocab.json").symlink_to(secret)
    with pytest.raises(UnsafeModel, match=r"vocab\.json leads outside"):
        resolve_folder(folder, roots=(tmp_path / "root",))


def test_a_model_larger_than_the_memory_is_refused_with_both_sizes(
    tmp_path: Path, resolve_folder: ResolveFolder
) -> None:
    folder = write_model(tmp_path / "model")
    write_sparse_weights(folder / "model.safetensors", 3 << 40)
    with pytest.raises(OutOfMemory, match=r"take 3072\.0 GiB, and this machine has \d+\.\d GiB"):
        resolve_folder(folder)


# ---- counting parameters


def test_shards_are_counted_together(tmp_path: Path) -> None:
    save_file({"a": numpy.ones((3, 4), numpy.float32)}, tmp_path / "model-1.safetensors")
    save_file({"b": numpy.ones(5, numpy.float16)}, tmp_path / "model-2.safetensors")
    index = {"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    assert models.count_parameters(tmp_path) == 17


def test_buffers_are_no_parameters(tmp_path: Path) -> None:
    tensors = {
        "norm.weight": numpy.ones(4, numpy.float32),
        "norm.running_mean": numpy.ones(4, numpy.float32),
        "norm.running_var": numpy.ones(4, numpy.float32),
        "position_ids": numpy.ones(512, numpy.int64),
    }
    save_file(tensors, tmp_path / "model.safetensors")
    assert models.count_parameters(tmp_path) == 4


def test_a_missing_shard_is_told_by_name(tmp_path: Path, resolve_folder: ResolveFolder) -> None:
    folder = write_model(tmp_path / "model")
    (folder / "model.safetensors").rename(folder / "model-1.safetensors")
    index = {"weight_map": {"weight": "model-1.safetensors", "bias": "model-2.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(ModelInvalid, match=r"names model-2\.safetensors, which is not in the folder"):
        resolve_folder(folder)


def test_an_index_cannot_lead_out_of_the_folder(tmp_path: Path, resolve_folder: ResolveFolder) -> None:
    folder = write_model(tmp_path / "model")
    (folder / "model.safetensors").rename(tmp_path / "model-1.safetensors")
    (folder / "model-0.safetensors").write_bytes(b"")
    index = {"weight_map": {"weight": "../model-1.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(ModelInvalid, match="not in the folder"):
        resolve_folder(folder)


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda whole: whole[:-1], "bytes long where its header says"),
        (lambda whole: whole[:5], "no whole safetensors file"),
        (lambda whole: b"", "no whole safetensors file"),
        (lambda whole: b"\xff" * 8 + whole[8:], "no whole safetensors file"),
        (lambda whole: whole[:8] + b"x" + whole[9:], "damaged safetensors header"),
        (lambda whole: whole.replace(b"data_offsets", b"data_0ffsets"), "damaged safetensors header"),
    ],
)
def test_damaged_weights_are_invalid(
    tmp_path: Path, resolve_folder: ResolveFolder, damage: Callable[[bytes], bytes], told: str
) -> None:
    path = write_model(tmp_path / "model") / "model.safetensors"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ModelInvalid, match=told):
        resolve_folder(tmp_path / "model")
