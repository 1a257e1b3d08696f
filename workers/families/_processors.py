"""What a family reads of a model's folder: its configuration, and what turns raw inputs into the model's own."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import transformers
from transformers import AutoConfig, AutoFeatureExtractor, AutoProcessor, AutoTokenizer

from farm.contract.errors import ModelInvalid

#: The files of a folder as they are: name, time of the last change in nanoseconds, and bytes of each.
Stamps = tuple[tuple[str, int, int], ...]


def config_of(folder: Path) -> Any:
    """Read a configuration. Raises: ModelInvalid."""
    try:
        return AutoConfig.from_pretrained(str(folder), local_files_only=True)
    except (OSError, ValueError, KeyError) as error:
        told = str(error).partition("\n")[0]
        said = f"transformers {transformers.__version__} cannot read the config.json of {folder.name}"
        raise ModelInvalid(
            f"{said}; an architecture that it does not know needs a newer transformers: {told}"
        ) from error


def tokenizer_of(folder: Path) -> Any:
    """Read a tokenizer, once: a process makes inputs twice, to measure and to prove. Raises: ModelInvalid."""
    return _tokenizer(folder, _stamps(folder))


def processor_of(folder: Path) -> Any:
    """Read a processor, once. Raises: ModelInvalid."""
    return _processor(folder, _stamps(folder))


def extractor_of(folder: Path) -> Any:
    """Read a feature extractor, once. Raises: ModelInvalid."""
    return _extractor(folder, _stamps(folder))


def _stamps(folder: Path) -> Stamps:
    """Name the files as they are now: a process that prepares cells may outlive a change of theirs."""
    found = ((each.name, each.stat()) for each in folder.iterdir())
    return tuple(sorted((name, facts.st_mtime_ns, facts.st_size) for name, facts in found))


@cache
def _tokenizer(folder: Path, _: Stamps) -> Any:
    tokenizer = _read(AutoTokenizer.from_pretrained, folder, what="tokenizer")
    if len(tokenizer) <= len(tokenizer.all_special_ids):  # what transformers makes of a folder without vocabulary
        raise ModelInvalid(_lacks(folder, "tokenizer"))
    return tokenizer


@cache
def _processor(folder: Path, _: Stamps) -> Any:
    return _read(AutoProcessor.from_pretrained, folder, what="processor")


@cache
def _extractor(folder: Path, _: Stamps) -> Any:
    return _read(AutoFeatureExtractor.from_pretrained, folder, what="feature extractor")


def _read(read: Callable[..., Any], folder: Path, *, what: str) -> Any:
    try:
        return read(str(folder), local_files_only=True)
    except (OSError, ValueError, KeyError) as error:
        raise ModelInvalid(f"{_lacks(folder, what)}: {error}") from error


def _lacks(folder: Path, what: str) -> str:
    return f"{folder.name} has no {what} that transformers can read; save it beside the model with save_pretrained"
