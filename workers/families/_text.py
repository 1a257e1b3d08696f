"""Text of an asked length for every family that reads text: seeded words through the model's own tokenizer."""

import random
from pathlib import Path
from typing import Any

import numpy as np

from farm.contract.errors import Unsupported
from workers.engine import Array
from workers.families._processors import config_of, tokenizer_of
from workers.zoo.vocabularies import words


def token_batch(folder: Path, *, rows: int, length: int, seed: int) -> dict[str, Array]:
    """Make `rows` different texts of exactly `length` tokens, special tokens included.

    Raises: Unsupported when the tokenizer cannot reach that length.
    """
    tokenizer = tokenizer_of(folder)
    dice = random.Random(seed)
    made = [_row(tokenizer, dice, length=length) for _ in range(rows)]
    return {name: np.asarray([row[name] for row in made], dtype=np.int64) for name in made[0]}


def sentences(*, rows: int, tokens: int, seed: int) -> list[str]:
    """Make different texts that any tokenizer turns into at least so many tokens: a word is a token at least."""
    dice = random.Random(seed)
    return [_words(dice, tokens) for _ in range(rows)]


def cut_and_filled(tokens: int) -> dict[str, Any]:
    """Give the options of a tokenizer that make every text exactly so long, as NumPy arrays."""
    return {"padding": "max_length", "truncation": True, "max_length": tokens, "return_tensors": "np"}


def check_length(folder: Path, tokens: int) -> None:
    """Refuse what the model has no positions for.

    Raises: Unsupported naming both lengths.
    """
    config = config_of(folder)
    longest = getattr(config, "max_position_embeddings", None) or getattr(config, "n_positions", None)
    if longest is not None and tokens > longest:
        raise Unsupported(f"{tokens} tokens are asked for; the model has positions for {longest}")


def _row(tokenizer: Any, dice: random.Random, *, length: int) -> dict[str, list[int]]:
    row = tokenizer(_words(dice, length), truncation=True, max_length=length)
    if len(row["input_ids"]) != length:
        raise Unsupported(f"the tokenizer made {len(row['input_ids'])} tokens of a text asked to have {length}")
    return {name: list(values) for name, values in row.items()}


def _words(dice: random.Random, count: int) -> str:
    return " ".join(dice.choices(words(), k=count))
