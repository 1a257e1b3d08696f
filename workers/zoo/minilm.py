"""minilm: a six-layer BERT encoder whose mean over tokens, normalised, is the embedding of a sentence."""

import json
from pathlib import Path
from typing import Final

from transformers import BertConfig, BertModel

from workers.zoo import _tokenizers
from workers.zoo._seeded import save_seeded

FAMILY: Final = "text_embedding"
STANDS_FOR: Final = "sentence-transformers/all-MiniLM-L6-v2"
PARAMETERS: Final = 22713216
VERSION: Final = 1

WIDTH: Final = 384
#: What sentence-transformers keeps beside the model: its parts in order, and how tokens become one embedding.
PARTS: Final = (("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize"))
POOLING: Final = {
    "word_embedding_dimension": WIDTH,
    "pooling_mode_cls_token": False,
    "pooling_mode_mean_tokens": True,
    "pooling_mode_max_tokens": False,
    "pooling_mode_mean_sqrt_len_tokens": False,
}


def build(folder: Path) -> None:
    """Write the model, its tokenizer, and the files of a sentence-transformers model."""
    config = BertConfig(
        vocab_size=30522,
        hidden_size=WIDTH,
        num_hidden_layers=6,
        num_attention_heads=12,
        intermediate_size=1536,
        max_position_embeddings=512,
    )
    save_seeded(lambda: BertModel(config), folder)
    _tokenizers.bert().save_pretrained(folder)
    parts = [
        {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for i, (path, kind) in enumerate(PARTS)
    ]
    (folder / "modules.json").write_text(json.dumps(parts, indent=2))
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 256, "do_lower_case": False}))
    (folder / "config_sentence_transformers.json").write_text("{}")
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(POOLING, indent=2))
