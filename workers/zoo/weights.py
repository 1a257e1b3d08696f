"""What weight files say of themselves, read from safetensors headers without loading a tensor."""

import json
import math
import struct
from pathlib import Path
from typing import Any, Final

from farm.contract.errors import ModelInvalid

LONGEST_HEADER: Final = 100_000_000  # bytes, the limit of the safetensors format


def headers(folder: Path) -> dict[str, dict[str, Any]]:
    """Map each tensor's name to its dtype and shape, over all shards."""
    tensors: dict[str, dict[str, Any]] = {}
    for path in sorted(folder.glob("*.safetensors")):
        tensors |= {name: facts for name, facts in _header(path).items() if name != "__metadata__"}
    return tensors


def count_parameters(folder: Path) -> int:
    """Count the elements of all tensors. Tied weights are stored, and so counted, once."""
    return sum(math.prod(facts["shape"]) for facts in headers(folder).values())


def _header(path: Path) -> dict[str, Any]:
    with path.open("rb") as stream:
        prefix = stream.read(8)
        length = struct.unpack("<Q", prefix)[0] if len(prefix) == 8 else LONGEST_HEADER + 1
        if length > min(LONGEST_HEADER, path.stat().st_size):
            raise ModelInvalid(f"{path.name} is no safetensors file, or it is cut short")
        try:
            found: dict[str, Any] = json.loads(stream.read(length))
        except ValueError as error:
            raise ModelInvalid(f"{path.name} has no readable safetensors header") from error
    return found
