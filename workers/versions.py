"""Versions of installed packages, each read once: reading them all takes a tenth of a second and more."""

from functools import cache
from importlib import metadata
from typing import Final

ABSENT: Final = "absent"


@cache
def version(package: str) -> str:
    """Give the version of a package, or the word `absent`."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ABSENT
