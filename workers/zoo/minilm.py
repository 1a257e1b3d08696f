"""all-MiniLM-L6-v2: six BERT layers of width 384, mean pooling and normalisation, in sentence-transformers' layout."""

import json
from pathlib import Path
from typing import Final

from transformers import BertConfig, BertModel, BertTokenizer

from workers.zoo.vocabularies import wordpiece

FAMILY: Final = "text_embedding"
STANDS_FOR: Final = "sentence-transformers/all-MiniLM-L6-v2"
PARAMETERS: Final = 22_713_216
VERSION: Final = 1

VOCABULARY: Final = 30_522
WIDTH: Final = 384
MODULES: Final = (
    {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
    {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
    {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"},
)
POOLING: Final = {
    "word_embedding_dimension": WIDTH,
    "pooling_mode_cls_token": False,
    "pooling_mode_mean_tokens": True,
    "pooling_mode_max_tokens": False,
    "pooling_mode_mean_sqrt_len_tokens": False,
}


def build(folder: Path) -> None:
    """Write the model folder."""
    BertTokenizer(vocab=wordpiece(VOCABULARY), do_lower_case=True, model_max_length=512).save_pretrained(folder)
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(POOLING))
    (folder / "modules.json").write_text(json.dumps(MODULES))
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 256, "do_lower_case": False}))
    config = BertConfig(
        vocab_size=VOCABULARY, hidden_size=WIDTH, num_hidden_layers=6, num_attention_heads=12, intermediate_size=1536
    )
    BertModel(config).eval().save_pretrained(folder)
