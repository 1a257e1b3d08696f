"""The answers that every runtime must give: computed once by PyTorch on the CPU in fp32, kept by content key."""

import importlib
from pathlib import Path
from typing import Any, Final

import numpy as np

from farm.contract.job import JobSpec
from farm.contract.value import digest
from workers.cache import cached
from workers.engine import Array, Arrays, LoadRequest
from workers.versions import version
from workers.workload import Family

FILE: Final = "reference.npz"
FAKE: Final = "fake"
MAKERS: Final = ("torch", "transformers", "tokenizers")


def reference(family: Family, inputs: Arrays, spec: JobSpec, request: LoadRequest) -> dict[str, Array]:
    """Give the reference answers, computing them if nobody has yet. The fake family has none."""
    if spec.model.family == FAKE:
        return {}

    def make(part: Path) -> None:
        plain = request._replace(precision="fp32", options={})
        engine: Any = importlib.import_module("workers.platforms.cpu").PLATFORM.load(plain)
        answers = family.answers(engine, inputs, spec, request.folder.path)
        np.savez(part / FILE, allow_pickle=False, **answers)

    folder, _ = cached(request.cache_dir, "reference", _key(inputs, spec, request), make)
    with np.load(folder / FILE, allow_pickle=False) as found:
        return dict(found)


def _key(inputs: Arrays, spec: JobSpec, request: LoadRequest) -> str:
    shown = {name: digest(array.tobytes().hex()) for name, array in sorted(inputs.items())}
    return digest(
        {
            "model": request.folder.key,
            "family": spec.model.family,
            "inputs": {**shown},
            "new_tokens": spec.new_tokens,
            "versions": {name: version(name) for name in MAKERS},
        }
    )
