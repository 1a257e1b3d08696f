"""What the weights of a model folder are, read from the headers of its safetensors files without loading them."""

import json
import math
from pathlib import Path
from typing import Any, Final, NamedTuple

from farm.contract.errors import ModelInvalid

ONE_FILE: Final = "model.safetensors"
INDEX: Final = "model.safetensors.index.json"

_LONGEST_HEADER: Final = 100_000_000  # bytes; the format's own limit
_LENGTH_BYTES: Final = 8
#: What models save beside their parameters: counters, position tables, masks, and the statistics of batch norms.
_BUFFER_TYPES: Final = frozenset({"I64", "BOOL"})
_BUFFER_ENDINGS: Final = (".running_mean", ".running_var")


class _Tensor(NamedTuple):
    name: str
    dtype: str
    elements: int
    end: int  # its last byte, counted from the end of the header


def weight_files(folder: Path) -> tuple[Path, ...]:
    """List the safetensors files that `from_pretrained` reads, in a fixed order.

    Raises: ModelInvalid when there are none, or when the index is broken or names files that are not there.
    """
    if (folder / ONE_FILE).is_file():
        return (folder / ONE_FILE,)
    index = folder / INDEX
    if not index.is_file():
        raise ModelInvalid(f"{folder} has neither {ONE_FILE} nor {INDEX}; save the model with save_pretrained")
    weight_map = read_json(index).get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map:
        raise ModelInvalid(f"{index} has no weight_map")
    names = sorted({str(name) for name in weight_map.values()})
    for name in names:
        if Path(name).name != name or not (folder / name).is_file():
            raise ModelInvalid(f"{index} names {name}, which is not in the folder; copy or download it again")
    return tuple(folder / name for name in names)


def count_parameters(folder: Path) -> int:
    """Count the parameters in a model folder; tied weights, stored once, count once. A folder without weights has 0.

    Raises: ModelInvalid when a file is missing, damaged or cut short.
    """
    if not any(folder.glob("*.safetensors")):
        return 0
    return sum(
        tensor.elements
        for path in weight_files(folder)
        for tensor in _tensors(path)
        if tensor.dtype not in _BUFFER_TYPES and not tensor.name.endswith(_BUFFER_ENDINGS)
    )


def read_json(path: Path) -> dict[str, Any]:
    """Read a file that must hold a JSON object. Raises: ModelInvalid naming the file."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise ModelInvalid(f"{path} cannot be read as JSON: {error}") from error
    if not isinstance(content, dict):
        raise ModelInvalid(f"{path} holds no JSON object")
    return content


def _tensors(path: Path) -> list[_Tensor]:
    """Read a safetensors header and check that the file is as long as it says. Raises: ModelInvalid."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        length = int.from_bytes(stream.read(_LENGTH_BYTES), "little")
        if length > min(_LONGEST_HEADER, size - _LENGTH_BYTES):
            raise ModelInvalid(f"{path} is no whole safetensors file; copy or download it again")
        raw = stream.read(length)
    try:
        tensors = [_tensor(name, facts) for name, facts in json.loads(raw).items() if name != "__metadata__"]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ModelInvalid(f"{path} has a damaged safetensors header: {error!r}") from error
    told = _LENGTH_BYTES + length + max((tensor.end for tensor in tensors), default=0)
    if size != told:
        raise ModelInvalid(f"{path} is {size} bytes long where its header says {told}; copy or download it again")
    return tensors


def _tensor(name: str, facts: dict[str, Any]) -> _Tensor:
    _, end = facts["data_offsets"]
    return _Tensor(name, dtype=str(facts["dtype"]), elements=math.prod(map(int, facts["shape"])), end=int(end))
