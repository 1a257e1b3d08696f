"""OPT-125M: twelve decoder layers of width 768, from Zhang et al. 2022 (arXiv:2205.01068)."""

from pathlib import Path
from typing import Final

from transformers import GPT2Tokenizer, OPTConfig, OPTForCausalLM

from workers.zoo.vocabularies import byte_pairs

FAMILY: Final = "text_generation"
STANDS_FOR: Final = "facebook/opt-125m"
PARAMETERS: Final = 125_239_296
VERSION: Final = 1

SPECIAL: Final = ("<s>", "<pad>", "</s>", "<unk>")


def build(folder: Path) -> None:
    """Write the model folder."""
    vocabulary, merges = byte_pairs(50_264, special=SPECIAL)
    GPT2Tokenizer(
        vocab={**vocabulary, "<mask>": len(vocabulary)},
        merges=merges,
        bos_token="</s>",
        eos_token="</s>",
        unk_token="</s>",
        pad_token="<pad>",
        add_bos_token=True,
        model_max_length=2048,
    ).save_pretrained(folder)
    config = OPTConfig(vocab_size=50_272, pad_token_id=1, bos_token_id=2, eos_token_id=2)
    OPTForCausalLM(config).eval().save_pretrained(folder)
