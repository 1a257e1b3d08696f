"""A T5."""

from pathlib import Path

from transformers import T5Config, T5ForConditionalGeneration

from tests.workers.families import Tiny
from workers.zoo import _tokenizers
from workers.zoo._seeded import save_seeded


def t5(folder: Path) -> None:
    config = T5Config(
        vocab_size=32128,
        d_model=32,
        d_ff=64,
        d_kv=16,
        num_heads=2,
        num_layers=2,
        num_decoder_layers=2,
        n_positions=64,
        tie_word_embeddings=True,
        decoder_start_token_id=0,
    )
    save_seeded(lambda: T5ForConditionalGeneration(config), folder)
    _tokenizers.t5().save_pretrained(folder)


MODELS = {"t5": Tiny(t5, {"tokens": (5,)}, sequence_length=9, new_tokens=5)}
