"""gpt2: the smallest GPT-2, a decoder of twelve layers."""

from pathlib import Path
from typing import Final

from transformers import GPT2Config, GPT2LMHeadModel

from workers.zoo import _tokenizers
from workers.zoo._seeded import save_seeded

FAMILY: Final = "text_generation"
STANDS_FOR: Final = "gpt2"
PARAMETERS: Final = 124439808
VERSION: Final = 1


def build(folder: Path) -> None:
    """Write the model and its tokenizer; the library's default configuration is GPT-2's own."""
    save_seeded(lambda: GPT2LMHeadModel(GPT2Config()), folder)
    _tokenizers.gpt2().save_pretrained(folder)
