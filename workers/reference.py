"""The answers that every runtime must give, and their work: by PyTorch on the CPU in fp32, kept by content key."""

import hashlib
import importlib
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from pydantic import JsonValue

from farm.contract.job import JobSpec
from farm.contract.value import Value, digest
from workers.cache import cached, find
from workers.engine import Array, LoadRequest
from workers.measure import watching
from workers.measure.roofline import Work
from workers.measure.watching import Watched, watched
from workers.versions import version
from workers.workload import Family

KIND: Final = "reference"
FILE: Final = "reference.npz"
COUNT: Final = "parameters"
WORK: Final = "work"
WATCHED: Final = "watched"
FAKE: Final = "fake"
FOLLOWING: Final = "workers.following"
MAKERS: Final = ("torch", "transformers", "tokenizers")


class Reference(NamedTuple):
    """What PyTorch answers on the CPU in fp32, how many parameters its model of this head has, and what a call does."""

    answers: dict[str, Array]
    parameters: int
    work: Work | None
    watched: Watched | None = None  # what PyTorch is seen to do in one call


def reference(family: Family, spec: JobSpec, request: LoadRequest) -> Reference:
    """Give the reference, computing it if nobody has yet. The fake family has none."""
    if spec.model.family == FAKE:
        return Reference({}, 0, None)

    def make(part: Path) -> None:
        plain = request._replace(precision="fp32", options={})
        engine = importlib.import_module(FOLLOWING).staying(plain)
        answers = family.answers(engine, request.example, spec, request.folder.path)
        workload = family.workload(engine, request.example, spec, request.folder.path)
        told = {
            COUNT: np.asarray(engine.parameters()),
            WATCHED: _packed(watched(workload.call)),
            WORK: _packed(_work(family, spec, plain, engine=engine)),
        }
        np.savez(part / FILE, allow_pickle=False, **answers, **told)  # one file: each is flushed to the disk

    folder, _ = cached(request.cache_dir, KIND, _key(spec, request), make)
    return _read(folder)


def prepared(spec: JobSpec, request: LoadRequest) -> Reference | None:
    """Give the reference if it was computed before: by a process that knew nothing of the implementation."""
    folder = None if spec.model.family == FAKE else find(request.cache_dir, KIND, _key(spec, request))
    return None if folder is None else _read(folder)


def ready(spec: JobSpec) -> None:
    """Import what the reference and the looks at it need: before an implementation is loaded, and so not after it."""
    if spec.model.family != FAKE:
        importlib.import_module(FOLLOWING)
    watching.ready()


def loaded(request: LoadRequest) -> Any:
    """Load the reference's own model. PyTorch is imported here, as the farm's fake platform has none."""
    return importlib.import_module(FOLLOWING).follower(request)


def _read(folder: Path) -> Reference:
    with np.load(folder / FILE, allow_pickle=False) as found:
        arrays = dict(found)
    work = Work.model_validate_json(arrays.pop(WORK).tobytes())
    seen = Watched.model_validate_json(arrays.pop(WATCHED).tobytes())
    return Reference(arrays, int(arrays.pop(COUNT)), work, seen)


def _work(family: Family, spec: JobSpec, request: LoadRequest, *, engine: Any) -> Work:
    """Count a call of the fewest tokens that tell what all the others take."""
    counting = importlib.import_module("workers.measure.work")
    counted = counting.CountingEngine(engine, gives=request.gives)
    few = spec.model_copy(update={"new_tokens": min(spec.new_tokens or 1, counting.COUNTED_TOKENS)})
    family.answers(counted, request.example, few, request.folder.path)
    work: Work = counted.work()
    return work


def _packed(value: Value) -> Array:
    return np.frombuffer(value.model_dump_json().encode(), dtype=np.uint8)


def _key(spec: JobSpec, request: LoadRequest) -> str:
    inputs: dict[str, JsonValue] = {
        name: [str(array.dtype), [*array.shape], hashlib.sha256(array.tobytes()).hexdigest()]
        for name, array in sorted(request.example.items())
    }
    return digest(
        {
            "holds": [COUNT, WORK, WATCHED],
            "model": request.folder.key,
            "family": spec.model.family,
            "head": request.head,
            "inputs": inputs,
            "new_tokens": spec.new_tokens,
            "versions": {name: version(name) for name in MAKERS},
        }
    )
