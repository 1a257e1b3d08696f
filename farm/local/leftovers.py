"""What workers of this box have spooled and not settled, seen from outside: the files of the spool by their tokens.

In: the folder of the spool. Out: one leftover for each file. Nothing is read into them and nothing is removed.
"""

import time
from pathlib import Path
from typing import Final, NamedTuple

FRESH: Final = 5.0  # seconds; a younger file is one that a worker is just settling


class Leftover(NamedTuple):
    """One file in the spool: the token in its name, and whether it is a whole result."""

    path: Path
    token: str
    whole: bool


def leftovers(spool: Path) -> list[Leftover]:
    """Give what lies in a spool, but for what was written in the last seconds."""
    found = sorted(path for path in spool.glob("*") if _age(path) > FRESH)
    return [Leftover(path, path.stem, path.suffix == ".json") for path in found]


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0  # settled while we looked
