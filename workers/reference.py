"""The answers that every runtime must give, and their work: by PyTorch on the CPU in fp32, kept by content key."""

import importlib
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from pydantic import JsonValue

from farm.contract.job import JobSpec
from farm.contract.value import digest
from workers.cache import cached
from workers.engine import Array, Arrays, LoadRequest
from workers.measure.roofline import Work
from workers.measure.watching import Watched, watched
from workers.versions import version
from workers.workload import Family

FILE: Final = "reference.npz"
COUNT: Final = "parameters"
WORK: Final = "work.json"
WATCHED: Final = "watched.json"
FAKE: Final = "fake"
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
        engine = loaded(plain)
        answers = family.answers(engine, request.example, spec, request.folder.path)
        np.savez(part / FILE, allow_pickle=False, **answers, **{COUNT: np.asarray(engine.parameters())})
        workload = family.workload(engine, request.example, spec, request.folder.path)
        (part / WATCHED).write_text(watched(workload.call).model_dump_json())
        (part / WORK).write_text(_work(family, spec, plain, engine=engine).model_dump_json())

    folder, _ = cached(request.cache_dir, "reference", _key(spec, request), make)
    with np.load(folder / FILE, allow_pickle=False) as found:
        arrays = dict(found)
    work = Work.model_validate_json((folder / WORK).read_text())
    seen = Watched.model_validate_json((folder / WATCHED).read_text())
    return Reference(arrays, int(arrays.pop(COUNT)), work, seen)


def loaded(request: LoadRequest) -> Any:
    """Load the reference's own model. PyTorch is imported here, as the farm's fake platform has none."""
    return importlib.import_module("workers.following").follower(request)


def _work(family: Family, spec: JobSpec, request: LoadRequest, *, engine: Any) -> Work:
    """Count a call of the fewest tokens that tell what all the others take."""
    counting = importlib.import_module("workers.measure.work")
    counted = counting.CountingEngine(engine, gives=request.gives)
    few = spec.model_copy(update={"new_tokens": min(spec.new_tokens or 1, counting.COUNTED_TOKENS)})
    family.answers(counted, request.example, few, request.folder.path)
    work: Work = counted.work()
    return work


def _key(spec: JobSpec, request: LoadRequest) -> str:
    inputs: dict[str, JsonValue] = {
        name: digest([str(array.dtype), [*array.shape], array.tobytes().hex()])
        for name, array in sorted(_shown(request.example).items())
    }
    return digest(
        {
            "holds": [FILE, WORK, WATCHED],
            "model": request.folder.key,
            "family": spec.model.family,
            "head": request.head,
            "inputs": inputs,
            "new_tokens": spec.new_tokens,
            "versions": {name: version(name) for name in MAKERS},
        }
    )


def _shown(inputs: Arrays) -> dict[str, Array]:
    return {name: np.ascontiguousarray(array) for name, array in inputs.items()}
