"""bert-tiny: BERT with two layers, the smallest encoder that people use."""

from pathlib import Path
from typing import Final

from transformers import BertConfig, BertModel

from workers.zoo import _tokenizers
from workers.zoo._seeded import save_seeded

FAMILY: Final = "text_embedding"
STANDS_FOR: Final = "prajjwal1/bert-tiny"
PARAMETERS: Final = 4385920
VERSION: Final = 1


def build(folder: Path) -> None:
    """Write the model and its tokenizer."""
    config = BertConfig(
        vocab_size=30522,
        hidden_size=128,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=512,
        max_position_embeddings=512,
    )
    save_seeded(lambda: BertModel(config), folder)
    _tokenizers.bert().save_pretrained(folder)
