"""Vocabularies of a given size, the same on every machine: listed, never trained, since trainers are not repeatable.

Their words are common English ones followed by made-up ones.
"""

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Final

_COMMON: Final = (
    "the of and to in a is that for it was on with as by at from this be are an image photo picture video audio sound "
    "what describe user assistant benchmark model farm worker token speed one two three cat dog house tree music voice"
)
_ONSETS: Final = "b c d f g h j k l m n p r s t v w z br cr dr fl gl pl pr sh sl st th tr ch"
_VOWELS: Final = "a e i o u ai ea ou io"
_ENDINGS: Final = ("", "n", "r", "s", "t", "l", "m", "nd", "st", "ck")
_STRIDE: Final = 617  # prime to the number of syllables: pairs are spread over all of them

PRINTABLE: Final = tuple(map(chr, range(33, 127)))
WORDS: Final = 60_000  # more than any vocabulary here has room for
WORD_START: Final = "\u0120"  # how byte-level BPE writes a space
PIECE_START: Final = "\u2581"  # how unigram models write a space

Merges = tuple[tuple[str, str], ...]


@cache
def words() -> tuple[str, ...]:
    """Give distinct lower-case words, the common ones first."""
    return tuple(itertools.islice(dict.fromkeys(itertools.chain(_COMMON.split(), _invented())), WORDS))


@cache
def byte_bpe(size: int, *, first: Sequence[str] = (), word_end: str = "") -> tuple[dict[str, int], Merges]:
    """Give a byte-level BPE vocabulary of `size` tokens, and its merges.

    The tokens are `first`, the 256 bytes (twice, where words end in `word_end`), and the beginnings of words, each
    one letter longer than another: the merges of a word form a chain from left to right. So every word is one token
    where words begin with a mark; where they end with one, a pair inside the word may be merged before its turn.
    """
    bytes_ = _byte_symbols()
    tokens = dict.fromkeys([*first, *bytes_, *([byte + word_end for byte in bytes_] if word_end else [])])
    merges: dict[tuple[str, str], None] = {}
    for word in words():
        symbols = [*word[:-1], word[-1] + word_end] if word_end else [WORD_START, *word]
        left = symbols[0]
        for symbol in symbols[1:]:
            if left + symbol not in tokens and len(tokens) == size:
                return _numbered(tokens), tuple(merges)
            merges[left, symbol] = None
            left += symbol
            tokens[left] = None
    raise ValueError(f"a vocabulary of {size} tokens needs more than {WORDS} words")


@cache
def wordpiece(size: int) -> dict[str, int]:
    """Give a lower-case WordPiece vocabulary with BERT's special tokens at their usual places."""
    special = ["[PAD]", *(f"[unused{i}]" for i in range(99)), "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokens = dict.fromkeys([*special, *PRINTABLE, *("##" + letter for letter in PRINTABLE), *words()])
    return _numbered(list(tokens)[:size])


@cache
def unigram(size: int, *, first: Sequence[str]) -> tuple[tuple[str, float], ...]:
    """Give a unigram vocabulary with log probabilities: `first`, whole words by Zipf's law, and single letters."""
    letters = [PIECE_START, *PRINTABLE]
    count = size - len(first) - len(letters)
    whole = [(PIECE_START + word, -3.0 - math.log(rank)) for rank, word in enumerate(words()[:count], 1)]
    rarest = whole[-1][1] - 1.0
    return (*((token, 0.0) for token in first), *whole, *((letter, rarest) for letter in letters))


def _invented() -> Iterator[str]:
    """Give made-up words of one syllable, then of two."""
    syllables = ["".join(parts) for parts in itertools.product(_ONSETS.split(), _VOWELS.split(), _ENDINGS)]
    yield from syllables
    for step in range(2 * WORDS // len(syllables)):  # twice as many as asked: some are spelt alike
        for i, syllable in enumerate(syllables):
            yield syllable + syllables[(i * _STRIDE + step) % len(syllables)]


def _byte_symbols() -> list[str]:
    """Give GPT-2's printable stand-ins of the 256 bytes: printable bytes for themselves, the others from 256 on."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    hidden = sorted(set(range(256)) - set(printable))
    return [*map(chr, printable), *(chr(256 + i) for i in range(len(hidden)))]


def _numbered(tokens: Iterable[str]) -> dict[str, int]:
    return {token: i for i, token in enumerate(tokens)}
