"""Raw samples as bytes: zlib of little-endian float64, repeats one after the other with their counts beside."""

import zlib
from collections.abc import Sequence

import numpy as np


def pack(samples: Sequence[Sequence[float]]) -> tuple[list[int], bytes]:
    """Give how many samples each repeat has, and all of them compressed."""
    flat = np.asarray([value for repeat in samples for value in repeat], dtype="<f8")
    return [len(repeat) for repeat in samples], zlib.compress(flat.tobytes())


def unpack(counts: Sequence[int], data: bytes) -> tuple[tuple[float, ...], ...]:
    """Give each repeat's samples back, bit for bit."""
    flat = np.frombuffer(zlib.decompress(data), dtype="<f8").tolist()
    ends = np.cumsum(counts).tolist()
    return tuple(tuple(flat[end - count : end]) for count, end in zip(counts, ends, strict=True))
