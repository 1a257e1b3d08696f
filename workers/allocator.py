"""Holds the C library's allocator where a long-lived process gets by itself: no figure hangs on what ran before.

glibc gives freed memory back to the system and takes it again page by page in the next call, until its two thresholds
have risen with the largest blocks freed so far (mallopt(3), "dynamic mmap threshold"). A fresh process starts low: the
same model then takes up to a sixth longer than in a process that once freed something large (decision 0009).
"""

import ctypes
import platform
from typing import Final

MMAP_THRESHOLD: Final = (-3, 32 * 2**20)  # M_MMAP_THRESHOLD and its ceiling on 64 bits (malloc.c)
TRIM_THRESHOLD: Final = (-1, 64 * 2**20)  # M_TRIM_THRESHOLD, which follows at twice the other
GLIBC: Final = "glibc"


def hold() -> str:
    """Set both thresholds to the ceilings of their own rise, and say so; another C library stays as it is."""
    library, version = platform.libc_ver()
    if library != GLIBC:
        return "as the system has it"
    mallopt = ctypes.CDLL(None).mallopt
    taken = [mallopt(*MMAP_THRESHOLD), mallopt(*TRIM_THRESHOLD)]  # 1: done, 0: refused
    return f"{library} {version}, thresholds at their ceilings" if all(taken) else f"{library} {version}, as it is"
