"""Who does a piece of work best, over all machines, platforms and precisions; ties are told by intervals. Pure.

Of several results of the same variant on the same machine the newest undoubted one stands. A place is one more than
the number of those that are surely better, so that results which cannot be told apart share it.
"""

from collections.abc import Sequence
from typing import NamedTuple

from farm.contract.evidence import Verdict
from farm.contract.metrics import METRICS
from farm.queries.bounds import Bounded, ranked_by
from farm.queries.results import ResultRow


class Place(NamedTuple):
    """One variant on one machine: its place, None where it is doubted, and how many results it has."""

    row: ResultRow
    figure: Bounded
    place: int | None
    results: int


class Board(NamedTuple):
    """One piece of work, by one metric: the best first, the doubted last."""

    model: str
    settings: str
    metric: str
    places: tuple[Place, ...]


def boards(rows: Sequence[ResultRow]) -> list[Board]:
    """Rank the real results of each model and its settings, in the order of the models' names."""
    works: dict[tuple[str, str, str], list[tuple[ResultRow, Bounded]]] = {}
    for row in rows:
        figure = ranked_by(row) if row.verdict == Verdict.REAL else None
        if figure is not None:
            works.setdefault((row.model, row.settings(), figure.metric), []).append((row, figure))
    return [Board(*work, places=_places(alike, work[2])) for work, alike in sorted(works.items())]


def _places(results: Sequence[tuple[ResultRow, Bounded]], metric: str) -> tuple[Place, ...]:
    variants: dict[tuple[str, str], list[tuple[ResultRow, Bounded]]] = {}
    for row, figure in results:
        variants.setdefault((row.variant(), row.machine), []).append((row, figure))
    newest = [(*max(alike, key=_newest), len(alike)) for alike in variants.values()]
    sound = [figure for row, figure, _ in newest if not row.doubts]
    places = [
        Place(row, figure, None if row.doubts else 1 + sum(each.surely_better(figure) for each in sound), results)
        for row, figure, results in newest
    ]
    sign = -1 if METRICS[metric].better == "higher" else 1
    return tuple(sorted(places, key=lambda place: (place.place is None, sign * place.figure.figure)))


def _newest(result: tuple[ResultRow, Bounded]) -> tuple[bool, float]:
    """Order results by what may stand for others: undoubted ones first of all, then the newest."""
    return not result[0].doubts, result[0].finished_at.timestamp()
