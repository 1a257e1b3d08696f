"""A BERT, which the farm knows from its zoo, and a DistilBERT, which it does not."""

from pathlib import Path

from transformers import BertConfig, BertModel, DistilBertConfig, DistilBertModel

from tests.workers.families import Tiny
from workers.zoo import _tokenizers
from workers.zoo._seeded import save_seeded

WIDTH = 32


def bert(folder: Path) -> None:
    config = BertConfig(
        hidden_size=WIDTH,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
    )
    save_seeded(lambda: BertModel(config), folder)
    _tokenizers.bert().save_pretrained(folder)


def distilbert(folder: Path) -> None:
    config = DistilBertConfig(dim=WIDTH, n_layers=2, n_heads=2, hidden_dim=64, max_position_embeddings=64)
    save_seeded(lambda: DistilBertModel(config), folder)
    _tokenizers.bert().save_pretrained(folder)


MODELS = {
    "bert": Tiny(bert, {"embedding": (WIDTH,)}, sequence_length=16),
}
STRANGERS = {"distilbert": Tiny(distilbert, {"embedding": (WIDTH,)}, sequence_length=16)}
