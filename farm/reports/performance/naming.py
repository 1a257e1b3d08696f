"""How a sentence or a picture names the work of a result: by its model, and by its settings where that has several."""

from collections.abc import Callable, Sequence

from farm.queries.results import ResultRow


def named_among(rows: Sequence[ResultRow]) -> Callable[[ResultRow], str]:
    """Give a function that names the work of each of these results."""
    settings: dict[str, set[str]] = {}
    for row in rows:
        settings.setdefault(row.model, set()).add(row.settings())
    several = {model for model, found in settings.items() if len(found) > 1}

    def name(row: ResultRow) -> str:
        return f"{row.model} ({row.settings()})" if row.model in several else row.model

    return name
