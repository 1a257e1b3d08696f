"""How raw samples are kept: zlib of little-endian float64, with the number that belongs to each repeat."""

import zlib
from collections.abc import Sequence
from itertools import accumulate
from typing import Final

import numpy as np

TYPE: Final = "<f8"


def pack(samples: Sequence[Sequence[float]]) -> tuple[list[int], bytes]:
    """Pack the samples of each repeat; give how many belong to each, and the bytes."""
    counts = [len(repeat) for repeat in samples]
    flat = np.fromiter((sample for repeat in samples for sample in repeat), dtype=TYPE, count=sum(counts))
    return counts, zlib.compress(flat.tobytes())


def unpack(counts: Sequence[int], data: bytes) -> tuple[tuple[float, ...], ...]:
    """Give back what `pack` packed, one row per repeat.

    Raises: ValueError when the counts and the bytes do not belong together.
    """
    flat = np.frombuffer(zlib.decompress(data), dtype=TYPE)
    if len(flat) != sum(counts):
        raise ValueError(f"{len(flat)} samples are stored where the repeats have {sum(counts)}")
    ends = accumulate(counts)
    return tuple(tuple(flat[end - count : end].tolist()) for count, end in zip(counts, ends, strict=True))
