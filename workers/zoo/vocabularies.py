"""Vocabularies without training, the same on every machine: words, WordPiece and byte-level BPE.

The tokenizers library's trainers are not deterministic, so none is used.
"""

import random
from functools import cache
from typing import Final

from tokenizers.pre_tokenizers import ByteLevel

SEED: Final = 7
MOST_WORDS: Final = 60_000
ONSETS: Final = tuple("b c d f g h j k l m n p r s t v w z br cr dr fl gl pl pr sh sl st th tr ch".split())
NUCLEI: Final = tuple("a e i o u ai ea ou io".split())
CODAS: Final = ("", "", "n", "r", "s", "t", "l", "m", "nd", "st", "ck")
COMMON: Final = tuple(
    "the of and to in a is that for it was on with as by at from this be are an image photo video audio sound "
    "what describe user assistant benchmark model farm worker gpu cpu token speed".split()
)
CHARACTERS: Final = tuple(chr(code) for code in range(33, 127))


@cache
def words() -> tuple[str, ...]:
    """Give distinct pronounceable words, common English ones first."""
    dice = random.Random(SEED)
    made = dict.fromkeys(COMMON)
    while len(made) < MOST_WORDS:
        syllables = dice.choice((1, 2, 2, 3, 3, 4))
        made["".join(dice.choice(ONSETS) + dice.choice(NUCLEI) + dice.choice(CODAS) for _ in range(syllables))] = None
    return tuple(made)


def wordpiece(size: int) -> dict[str, int]:
    """Make a WordPiece vocabulary of exactly `size` entries in BERT's layout."""
    head = ("[PAD]", *(f"[unused{i}]" for i in range(99)), "[UNK]", "[CLS]", "[SEP]", "[MASK]")
    entries = dict.fromkeys((*head, *CHARACTERS, *(f"##{c}" for c in CHARACTERS), *words()))
    return _filled({entry: i for i, entry in enumerate(list(entries)[:size])}, size)


@cache
def byte_pairs(size: int, suffix: str = "", special: tuple[str, ...] = ()) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Make a byte-level BPE vocabulary of exactly `size` entries: each word is one chain of merges, left to right.

    With a `suffix` (CLIP's `</w>`) it marks the end of a word; otherwise a leading space marks the beginning.
    """
    alphabet = sorted(ByteLevel.alphabet())
    ends = [symbol + suffix for symbol in alphabet] if suffix else []
    vocabulary = {token: i for i, token in enumerate(dict.fromkeys((*special, *alphabet, *ends)))}
    merges: dict[tuple[str, str], None] = {}
    for word in words():
        symbols = [*word[:-1], word[-1] + suffix] if suffix else ["\u0120", *word]
        left = symbols[0]
        for right in symbols[1:]:
            if left + right not in vocabulary and len(vocabulary) >= size:
                break
            merges[left, right] = None
            vocabulary.setdefault(left + right, len(vocabulary))
            left += right
        if len(vocabulary) >= size:
            break
    return _filled(vocabulary, size), list(merges)


def _filled(vocabulary: dict[str, int], size: int) -> dict[str, int]:
    for i in range(size - len(vocabulary)):
        vocabulary[f"<filler_{i}>"] = len(vocabulary)
    return vocabulary
