"""Results put together: a figure of each group, or one column for each platform, precision or other word. Pure."""

import statistics
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from farm.contract.errors import UnknownName
from farm.contract.job import JobSpec
from farm.contract.meant import offered
from farm.contract.metrics import Better
from farm.contract.scenario import words as words_of
from farm.queries.figures import Figure

_Word = str | int | None


def _scenario(spec: JobSpec) -> str:
    """Name the scenario with its settings, which make another work."""
    return words_of(spec.scenario, spec.throughput, spec.server) or spec.scenario


#: What results can be grouped by and spread over columns.
WORDS: Final[dict[str, Callable[[Figure], _Word]]] = {
    "sweep": lambda figure: figure.sweep,
    "model": lambda figure: figure.spec.model.name,
    "family": lambda figure: figure.spec.model.family,
    "platform": lambda figure: figure.spec.platform,
    "precision": lambda figure: figure.spec.precision,
    "scenario": lambda figure: _scenario(figure.spec),
    "batch_size": lambda figure: figure.spec.batch_size,
    "sequence_length": lambda figure: figure.spec.sequence_length,
    "new_tokens": lambda figure: figure.spec.new_tokens,
    "options": lambda figure: " ".join(f"{key}={value}" for key, value in sorted(figure.spec.options.items())),
    "machine": lambda figure: figure.machine,
    "verdict": lambda figure: figure.verdict,
}
OF_RESULT: Final = ("sweep", "machine", "verdict")  # the others are of the work
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


def known_words(words: Sequence[str]) -> None:
    """Look whether results can be put together by these words.

    Raises: UnknownName, with the nearest.
    """
    for word in words:
        if word not in WORDS:
            raise UnknownName(f"results cannot be grouped by {word!r}; {offered(word, WORDS)}")


def grouped_by(figures: Sequence[Figure], words: Sequence[str], *, better: Better) -> list[Group]:
    """Put results together that share these words, in the order in which they come.

    Raises: UnknownName.
    """
    known_words(words)
    key_of = _reader(words)
    found: dict[tuple[_Word, ...], list[Figure]] = {}
    for figure in figures:
        found.setdefault(key_of(figure), []).append(figure)
    return [_group(key, alike, better) for key, alike in found.items()]


def pivoted(figures: Sequence[Figure], word: str) -> Pivot:
    """Spread a metric over the values of a word; of several results for a cell the newest stands, sound ones only.

    Raises: UnknownName.
    """
    known_words((word,))
    others = tuple(each for each in LINE if each != word)
    newest = sorted((figure for figure in figures if figure.sound), key=lambda figure: figure.finished_at)
    line_of, value_of = _reader(others), _reader((word,))
    cells: dict[tuple[_Word, ...], dict[_Word, float | None]] = {}
    for figure in newest:
        cells.setdefault(line_of(figure), {})[value_of(figure)[0]] = figure.value
    values = tuple(sorted({value for line in cells.values() for value in line}, key=str))
    varied = [i for i, each in enumerate(others) if each == "model" or len({key[i] for key in cells}) > 1]
    lines = [(tuple(key[i] for i in varied), tuple(line.get(each) for each in values)) for key, line in cells.items()]
    return Pivot(
        tuple(others[i] for i in varied), values, tuple(sorted(lines, key=lambda line: tuple(map(str, line[0]))))
    )


def _reader(words: Sequence[str]) -> Callable[[Figure], tuple[_Word, ...]]:
    """Give a function that reads these words of results, once for all that share them: thousands are of a few works."""
    of_result = {word: WORDS[word] for word in words if word in OF_RESULT}
    known: dict[tuple[_Word, ...], tuple[_Word, ...]] = {}

    def read(figure: Figure) -> tuple[_Word, ...]:
        shared = (id(figure.spec), *(each(figure) for each in of_result.values()))
        if shared not in known:
            known[shared] = tuple(WORDS[word](figure) for word in words)
        return known[shared]

    return read


def _group(words: tuple[_Word, ...], alike: Sequence[Figure], better: Better) -> Group:
    values = sorted(figure.value for figure in alike if figure.sound and figure.value is not None)
    if better == "higher":
        values.reverse()
    best, median, worst = (values[0], statistics.median(values), values[-1]) if values else (None, None, None)
    return Group(words, len(alike), sum(figure.sound for figure in alike), best, median, worst)
