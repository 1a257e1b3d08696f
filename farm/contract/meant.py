"""What to say of a word that nothing answers to: which one was probably meant, else what there is."""

import difflib
from collections.abc import Callable, Iterable
from typing import Final

LIKENESS: Final = 0.6  # from 0 to 1: below it, no word is offered
NAMED: Final = 30  # words that a message names; the first of a long list tell what kind of word is meant


def meant(word: str, known: Iterable[str], *, likeness: float = LIKENESS) -> str | None:
    """Give the known word that is nearest, whatever the case of its letters; None where none is near."""
    by_letters = {each.lower(): each for each in known}
    near = difflib.get_close_matches(word.lower(), by_letters, n=1, cutoff=likeness)
    return by_letters[near[0]] if near else None


def offered(word: str, known: Iterable[str], *, likeness: float = LIKENESS, written: Callable[[str], str] = str) -> str:
    """Say which word was probably meant, or, where none is near, which there are; `written` as a person types it."""
    there = [*known]
    near = meant(word, there, likeness=likeness)
    return f"known: {_listed([*map(written, there)])}" if near is None else f"did you mean {written(near)}?"


def nearest(word: str, known: Iterable[str]) -> str:
    """Say all that is allowed, as for a line of a file, and where one is near, which was probably meant."""
    there = [*known]
    near = meant(word, there)
    hint = "" if near is None else f"; did you mean {near}?"
    return f"allowed: {', '.join(there) or 'nothing'}{hint}"


def _listed(words: list[str]) -> str:
    more = f", … ({len(words) - NAMED} more)" if len(words) > NAMED else ""
    return f"{', '.join(words[:NAMED]) or 'none yet'}{more}"
