"""Builds a model of the zoo: seeded, checked against its published parameter count, the same bytes every time."""

import importlib
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Final, NamedTuple

from farm.contract.errors import ModelNotFound, WrongModel
from farm.contract.value import digest
from workers.zoo.weights import count_parameters

SEED: Final = 20_240_601
#: Packages that decide the bytes of a built model.
MAKERS: Final = ("torch", "transformers", "tokenizers", "safetensors")
FAKE: Final = "fake"


class Published(NamedTuple):
    """What is published of a model."""

    family: str
    parameters: int


def published(name: str) -> Published:
    """Give what is published of a model of the zoo."""
    module = _module(name)
    return Published(module.FAMILY, module.PARAMETERS)


def key(name: str) -> str:
    """Give the content key of a model: equal keys mean equal bytes."""
    versions = {maker: _version(maker) for maker in MAKERS}
    return f"{name}-{digest({'name': name, 'version': _module(name).VERSION, 'seed': SEED, 'versions': versions})}"


def build(name: str, folder: Path) -> None:
    """Build a model into an empty folder.

    Raises: WrongModel when its parameter count is not the published one.
    """
    module = _module(name)
    if module.FAMILY != FAKE:
        importlib.import_module("torch").manual_seed(SEED)
    module.build(folder)
    found = count_parameters(folder)
    if found != module.PARAMETERS:
        raise WrongModel(f"{name} was built with {found} parameters; {module.STANDS_FOR} has {module.PARAMETERS}")


def _module(name: str) -> ModuleType:
    try:
        return importlib.import_module(f"workers.zoo.{name.replace('-', '_')}")
    except ModuleNotFoundError as error:
        if error.name and error.name.startswith("workers.zoo"):
            raise ModelNotFound(f"no model {name!r} in the zoo; `farm models` lists them") from error
        raise


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""
