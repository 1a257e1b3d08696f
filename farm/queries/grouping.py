"""Results put together: a figure of each group, or one column for each platform, precision or other word. Pure."""

import difflib
import statistics
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from farm.contract.errors import UnknownName
from farm.contract.metrics import METRICS
from farm.queries.results import ResultRow

_Word = str | int | None

#: What results can be grouped by and spread over columns.
WORDS: Final[dict[str, Callable[[ResultRow], _Word]]] = {
    "sweep": lambda row: row.sweep,
    "model": lambda row: row.model,
    "family": lambda row: row.family,
    "platform": lambda row: row.platform,
    "precision": lambda row: row.precision,
    "scenario": lambda row: row.scenario,
    "batch_size": lambda row: row.batch_size,
    "sequence_length": lambda row: row.sequence_length,
    "new_tokens": lambda row: row.new_tokens,
    "options": lambda row: " ".join(row.option_words()),
    "machine": lambda row: row.machine,
    "verdict": lambda row: row.verdict,
}
#: What makes a line of a pivoted table, less the word that became columns.
LINE: Final = tuple(word for word in WORDS if word not in ("sweep", "family", "verdict"))


class Group(NamedTuple):
    """Results that share a word: how many, how many of them real and undoubted, and these ones' figures."""

    words: tuple[_Word, ...]
    results: int
    sound: int
    best: float | None
    median: float | None
    worst: float | None


class Pivot(NamedTuple):
    """One line for each piece of work, one column for each value of a word, the newest sound figure in each cell."""

    words: tuple[str, ...]
    values: tuple[_Word, ...]
    lines: tuple[tuple[tuple[_Word, ...], tuple[float | None, ...]], ...]


def grouped_by(rows: Sequence[ResultRow], words: Sequence[str], *, metric: str) -> list[Group]:
    """Put results together that share these words, in the order in which they come.

    Raises: UnknownName.
    """
    reads = [_reader(word) for word in words]
    found: dict[tuple[_Word, ...], list[ResultRow]] = {}
    for row in rows:
        found.setdefault(tuple(read(row) for read in reads), []).append(row)
    return [_group(key, alike, metric) for key, alike in found.items()]


def pivoted(rows: Sequence[ResultRow], word: str, *, metric: str) -> Pivot:
    """Spread a metric over the values of a word; of several results for a cell the newest stands, sound ones only.

    Raises: UnknownName.
    """
    read = _reader(word)
    others = tuple(each for each in LINE if each != word)
    newest = sorted((row for row in rows if sound(row)), key=lambda row: row.finished_at)
    cells: dict[tuple[_Word, ...], dict[_Word, float | None]] = {}
    for row in newest:
        cells.setdefault(tuple(WORDS[each](row) for each in others), {})[read(row)] = row.median(metric)
    values = tuple(sorted({value for line in cells.values() for value in line}, key=str))
    varied = [i for i, each in enumerate(others) if each == "model" or len({key[i] for key in cells}) > 1]
    lines = [(tuple(key[i] for i in varied), tuple(line.get(each) for each in values)) for key, line in cells.items()]
    return Pivot(
        tuple(others[i] for i in varied), values, tuple(sorted(lines, key=lambda line: tuple(map(str, line[0]))))
    )


def sound(row: ResultRow) -> bool:
    """Say whether a figure may stand for others: real, and nothing in doubt."""
    return row.told() == "REAL" and not row.doubts


def _group(words: tuple[_Word, ...], rows: Sequence[ResultRow], metric: str) -> Group:
    figures = sorted(figure for row in rows if sound(row) and (figure := row.median(metric)) is not None)
    if METRICS[metric].better == "higher":
        figures.reverse()
    best, median, worst = (figures[0], statistics.median(figures), figures[-1]) if figures else (None, None, None)
    return Group(words, len(rows), sum(map(sound, rows)), best, median, worst)


def _reader(word: str) -> Callable[[ResultRow], _Word]:
    if word not in WORDS:
        near = difflib.get_close_matches(word, WORDS, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise UnknownName(f"results cannot be grouped by {word!r}; known: {', '.join(WORDS)}{hint}")
    return WORDS[word]
