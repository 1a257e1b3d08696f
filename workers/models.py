"""From a model reference to a folder on this box: built from the zoo, checked in place, or fetched from a hub."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import psutil
from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, RepositoryNotFoundError, RevisionNotFoundError

from farm.contract.errors import ModelInvalid, ModelNotFound, ModelUnreachable, OutOfMemory, UnsafeModel
from farm.contract.job import ModelReference
from workers.cache import cached
from workers.engine import ModelFolder
from workers.zoo import building
from workers.zoo.weights import count_parameters, headers

#: What is fetched of a hub model: weights as safetensors, and small text files. Never pickle, never code.
FETCHED: Final = ("*.safetensors", "*.json", "*.txt", "*.model", "*.jinja")
PICKLES: Final = ("*.bin", "*.pt", "*.pth", "*.pkl", "*.ckpt")


def resolve(
    reference: ModelReference,
    *,
    cache_dir: Path,
    model_roots: Sequence[Path | str],
    remote_code: Sequence[str],
    offline: bool,
) -> ModelFolder:
    """Give the folder of a model, building or fetching it if need be.

    Raises: ModelNotFound, ModelUnreachable, ModelInvalid, UnsafeModel, WrongModel, OutOfMemory.
    """
    if reference.source == "zoo":
        return _built(reference.location, cache_dir)
    if reference.source == "hub":
        folder, revision = _fetched(reference, cache_dir=cache_dir, offline=offline)
    else:
        folder, revision = _local(Path(reference.location), model_roots), None
    _check(folder, reference.name, remote_code=remote_code)
    return ModelFolder(folder, _content_key(folder), count_parameters(folder), None, revision, 0.0)


def _built(name: str, cache_dir: Path) -> ModelFolder:
    published = building.published(name)
    key = building.key(name)
    folder, seconds = cached(cache_dir, "models", key, lambda part: building.build(name, part))
    return ModelFolder(folder, key, count_parameters(folder), published.parameters, None, seconds)


def _local(folder: Path, roots: Sequence[Path | str]) -> Path:
    real = folder.expanduser().resolve()
    if not real.is_dir():
        raise ModelNotFound(f"{folder} is no folder on this machine")
    if roots and not any(real.is_relative_to(Path(root).expanduser().resolve()) for root in roots):
        raise UnsafeModel(f"{folder} lies outside this worker's model roots (FARM_MODEL_ROOTS)")
    return real


def _fetched(reference: ModelReference, *, cache_dir: Path, offline: bool) -> tuple[Path, str]:
    name = reference.location
    hint = f"on a machine without the hub, name a local folder that holds {name}"
    try:
        path = snapshot_download(
            name,
            revision=reference.revision,
            allow_patterns=list(FETCHED),
            cache_dir=cache_dir / "hub",
            local_files_only=offline,
        )
    except RevisionNotFoundError as error:
        raise ModelNotFound(f"{name} has no revision {reference.revision!r} on the hub") from error
    except RepositoryNotFoundError as error:
        raise ModelNotFound(f"{name} is not on the hub, or is private") from error
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError) as error:
        raise ModelUnreachable(f"{name} could not be fetched from the model hub; {hint}") from error
    return Path(path), Path(path).name  # a snapshot's folder is named by its commit


def _check(folder: Path, name: str, *, remote_code: Sequence[str]) -> None:
    try:
        config = json.loads((folder / "config.json").read_text())
    except FileNotFoundError as error:
        raise ModelInvalid(f"{name}: {folder} has no config.json; save the model with save_pretrained") from error
    except ValueError as error:
        raise ModelInvalid(f"{name}: config.json is not JSON: {error}") from error
    if not isinstance(config, dict):
        raise ModelInvalid(f"{name}: config.json must hold an object")
    if "auto_map" in config and name not in remote_code:
        raise UnsafeModel(f"{name} brings Python code of its own; allow it on this worker with FARM_REMOTE_CODE")
    weights = list(folder.glob("*.safetensors"))
    if not weights and any(found for pattern in PICKLES for found in folder.glob(pattern)):
        raise UnsafeModel(f"{name} has its weights in pickle form, which can run code; save them as safetensors")
    if not weights:
        raise ModelInvalid(f"{name}: {folder} holds no *.safetensors weights")
    size, memory = sum(path.stat().st_size for path in weights), psutil.virtual_memory().total
    if size > memory:
        raise OutOfMemory(f"{name} has {size} bytes of weights; this machine has {memory} bytes of memory")


def _content_key(folder: Path) -> str:
    """Hash the names and contents of the files that decide what is loaded."""
    headers(folder)  # raises ModelInvalid for a file that is cut short
    whole = hashlib.sha256()
    for path in sorted(path for path in folder.iterdir() if path.is_file()):
        whole.update(path.name.encode())
        with path.open("rb") as stream:
            whole.update(hashlib.file_digest(stream, "sha256").digest())
    return f"folder-{whole.hexdigest()[:16]}"

