"""Fetches models from the Hugging Face hub: safetensors, configuration and tokenizer files only, at one commit."""

from pathlib import Path
from typing import Final, NamedTuple

import httpx
from huggingface_hub import HfApi, snapshot_download, try_to_load_from_cache
from huggingface_hub.errors import (
    HFValidationError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from farm.contract.errors import ModelInvalid, ModelNotFound, ModelUnreachable
from workers import folders
from workers.zoo.weights import weight_files

CONFIG: Final = "config.json"  # every model has it
INSTEAD: Final = "or give a local folder instead (`models: [./folder]`)"


class Fetched(NamedTuple):
    """A model of the hub on this disk, its commit, and whether anything was downloaded just now."""

    folder: Path
    commit: str
    downloaded: bool


def fetch(repository: str, revision: str | None, *, offline: bool, with_code: bool) -> Fetched:
    """Give a model of the hub at a revision (None: the default branch), downloading what is not on this disk yet.

    Its files are kept where the hub's own client keeps them. When the hub cannot be reached, a whole copy fetched
    earlier is used.

    Raises: ModelNotFound, ModelUnreachable, ModelInvalid, UnsafeModel, OutOfMemory.
    """
    here = _local(repository, revision)
    if offline:
        if here is not None:
            return Fetched(here, here.name, downloaded=False)
        raise ModelUnreachable(
            f"model {repository} is not on this disk and the worker is offline; "
            f"unset FARM_OFFLINE, fetch it with `hf download {repository}`, {INSTEAD}"
        )
    try:
        commit, sizes = _listing(repository, revision)
    except (httpx.HTTPError, OSError) as error:
        if here is not None:
            return Fetched(here, here.name, downloaded=False)
        raise _unreachable(repository, error) from error
    called = f"model {repository}"
    folders.check_names(sizes, called=called)
    wanted = [name for name in sizes if folders.is_read(name, with_code=with_code)]
    folders.check_memory(sum(sizes[name] for name in wanted if name.endswith(".safetensors")), called=called)
    if here is not None and here.name == commit and all((here / name).is_file() for name in wanted):
        return Fetched(here, commit, downloaded=False)
    try:
        # Asked for by the revision's own name, not by its commit: so the client notes which commit the name means.
        folder = Path(snapshot_download(repository, revision=revision, allow_patterns=wanted))
    except (httpx.HTTPError, OSError) as error:
        raise _unreachable(repository, error) from error
    return Fetched(folder, folder.name, downloaded=True)


def _listing(repository: str, revision: str | None) -> tuple[str, dict[str, int]]:
    """Ask the hub for the commit of a revision and the sizes of its files. Raises: ModelNotFound."""
    try:
        told = HfApi().model_info(repository, revision=revision, files_metadata=True)
    except RevisionNotFoundError as error:
        raise ModelNotFound(f"model {repository} has no revision {revision!r} on the hub") from error
    except (RepositoryNotFoundError, HFValidationError) as error:
        raise ModelNotFound(
            f"the hub has no model {repository!r}, or it is private or gated; "
            f"check the name, log in with `hf auth login`, {INSTEAD}"
        ) from error
    return str(told.sha), {file.rfilename: file.size or 0 for file in told.siblings or ()}


def _local(repository: str, revision: str | None) -> Path | None:
    """Find a whole copy fetched earlier; None when there is none.

    It is asked for by one file: newer clients hold a copy for incomplete that lacks files nobody needs.
    """
    try:
        found = try_to_load_from_cache(repository, CONFIG, revision=revision)
        if not isinstance(found, str):
            return None
        folder = Path(found).parent
        weight_files(folder)
    except (HFValidationError, ModelInvalid):
        return None
    return folder


def _unreachable(repository: str, error: Exception) -> ModelUnreachable:
    told = str(error).partition("\n")[0] or type(error).__name__
    return ModelUnreachable(
        f"model {repository} could not be fetched from the hub ({told}); check the network, {INSTEAD}"
    )
