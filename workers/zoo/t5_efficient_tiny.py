"""t5-efficient-tiny: T5 with four layers in the encoder and four in the decoder."""

from pathlib import Path
from typing import Final

from transformers import T5Config, T5ForConditionalGeneration

from workers.zoo import _tokenizers
from workers.zoo._seeded import save_seeded

FAMILY: Final = "text_to_text"
STANDS_FOR: Final = "google/t5-efficient-tiny"
PARAMETERS: Final = 15570688
VERSION: Final = 1


def build(folder: Path) -> None:
    """Write the model and its tokenizer."""
    config = T5Config(
        vocab_size=32128,
        d_model=256,
        d_ff=1024,
        d_kv=64,
        num_heads=4,
        num_layers=4,
        num_decoder_layers=4,
        feed_forward_proj="relu",
        tie_word_embeddings=True,
        n_positions=512,
        pad_token_id=0,
        eos_token_id=1,
        decoder_start_token_id=0,
    )
    save_seeded(lambda: T5ForConditionalGeneration(config), folder)
    _tokenizers.t5().save_pretrained(folder)
