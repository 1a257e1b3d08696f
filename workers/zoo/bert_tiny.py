"""BERT-tiny: two layers of width 128, from Turc et al. 2019 (arXiv:1908.08962)."""

from pathlib import Path
from typing import Final

from transformers import BertConfig, BertModel, BertTokenizer

from workers.zoo.vocabularies import wordpiece

FAMILY: Final = "text_embedding"
STANDS_FOR: Final = "prajjwal1/bert-tiny"
PARAMETERS: Final = 4_385_920
VERSION: Final = 1

VOCABULARY: Final = 30_522


def build(folder: Path) -> None:
    """Write the model folder."""
    BertTokenizer(vocab=wordpiece(VOCABULARY), do_lower_case=True, model_max_length=512).save_pretrained(folder)
    config = BertConfig(
        vocab_size=VOCABULARY, hidden_size=128, num_hidden_layers=2, num_attention_heads=2, intermediate_size=512
    )
    BertModel(config).eval().save_pretrained(folder)
