"""Turns any model reference into a folder ready for `from_pretrained`: built, found on disk, or fetched."""

import importlib
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from farm.contract.job import ModelReference
from farm.contract.value import digest
from workers import cache, folders
from workers.engine import ModelFolder
from workers.versions import version
from workers.zoo import building
from workers.zoo.weights import count_parameters

__all__ = ["count_parameters", "resolve"]

KIND: Final = "models"
#: The packages whose versions decide the bytes of a built model.
BUILT_WITH: Final = ("torch", "transformers", "tokenizers")


def resolve(
    reference: ModelReference,
    *,
    cache_dir: Path,
    model_roots: Sequence[Path | str],
    remote_code: Sequence[str],
    offline: bool,
) -> ModelFolder:
    """Give the folder of a model, building or fetching it first when it is not here.

    Raises: ModelNotFound, ModelUnreachable, ModelInvalid, UnsafeModel, OutOfMemory or WrongModel.
    """
    if reference.source == "zoo":
        return _from_zoo(reference.location, cache_dir)
    if reference.source == "folder":
        folder = folders.open_folder(reference.location, model_roots=model_roots)
        code_allowed = bool({reference.name, reference.location, str(folder)} & set(remote_code))
        folders.check(folder, called=f"model folder {reference.location}", code_allowed=code_allowed)
        key = folders.content_key(folder, cache_dir)
        return ModelFolder(folder, key, count_parameters(folder), None, None, seconds=0.0)
    return _from_hub(reference, remote_code=remote_code, offline=offline)


def _from_zoo(name: str, cache_dir: Path) -> ModelFolder:
    facts = building.read_facts(name)
    made_with = [f"{package} {version(package)}" for package in BUILT_WITH]
    key = f"{name}-{digest([name, facts.version, building.SEED, *made_with])}"
    folder, seconds = cache.cached(cache_dir, KIND, key, lambda part: building.build_model(name, part))
    return ModelFolder(folder, key, count_parameters(folder), facts.parameters, None, seconds)


def _from_hub(reference: ModelReference, *, remote_code: Sequence[str], offline: bool) -> ModelFolder:
    hub = importlib.import_module("workers.hub")  # only here: its client takes 0.2 s to import and may be absent
    code_allowed = bool({reference.name, reference.location} & set(remote_code))
    called = f"model {reference.location}"
    began = time.perf_counter()
    fetched = hub.fetch(reference.location, reference.revision, offline=offline, with_code=code_allowed)
    seconds = time.perf_counter() - began if fetched.downloaded else 0.0
    folders.check(fetched.folder, called=called, code_allowed=code_allowed)
    key = digest({"hub": reference.location, "commit": fetched.commit, "with_code": code_allowed})
    return ModelFolder(fetched.folder, key, count_parameters(fetched.folder), None, fetched.commit, seconds)
