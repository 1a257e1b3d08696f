"""The option that names which times and rates are compared, and what it may name."""

from typing import Annotated, Final

import typer

from farm.contract.errors import UnknownName
from farm.contract.meant import offered
from farm.contract.metrics import METRICS
from farm.queries.compare import DEFAULT_METRICS, comparable

ALL: Final = "all"
Metric = Annotated[
    list[str] | None,
    typer.Option("--metric", help="A time or a rate; may be given again; `all`: every one.  [default: latency]"),
]


def speeds(asked: list[str] | None) -> tuple[str, ...]:
    """Give the metrics that are asked for.

    Raises: UnknownName, with the nearest.
    """
    known = [name for name in METRICS if comparable(name)]
    if asked and ALL in asked:
        return tuple(known)
    for name in asked or ():
        if name not in known:
            raise UnknownName(f"no time or rate is called {name!r}; {offered(name, known)}")
    return tuple(dict.fromkeys(asked or DEFAULT_METRICS))
