"""GPT-2 small: twelve layers of width 768, from Radford et al. 2019."""

from pathlib import Path
from typing import Final

from transformers import GPT2Config, GPT2LMHeadModel, GPT2Tokenizer

from workers.zoo.vocabularies import byte_pairs

FAMILY: Final = "text_generation"
STANDS_FOR: Final = "gpt2"
PARAMETERS: Final = 124_439_808
VERSION: Final = 1

END: Final = "<|endoftext|>"


def build(folder: Path) -> None:
    """Write the model folder."""
    vocabulary, merges = byte_pairs(50_256)
    tokenizer = GPT2Tokenizer(vocab={**vocabulary, END: len(vocabulary)}, merges=merges, model_max_length=1024)
    tokenizer.pad_token = END
    tokenizer.save_pretrained(folder)
    GPT2LMHeadModel(GPT2Config()).eval().save_pretrained(folder)
