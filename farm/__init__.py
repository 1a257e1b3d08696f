"""The control plane of the benchmark farm: decides, remembers, answers."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from farm.history import History

__all__ = ["History", "__version__"]
__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """Import `History` when it is asked for: the command line and the workers start without it."""
    if name == "History":
        from farm.history import History  # noqa: PLC0415 - see above

        return History
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
