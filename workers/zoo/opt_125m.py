"""opt-125m: the smallest OPT, a decoder of twelve layers."""

from pathlib import Path
from typing import Final

from transformers import OPTConfig, OPTForCausalLM

from workers.zoo import _tokenizers
from workers.zoo._seeded import save_seeded

FAMILY: Final = "text_generation"
STANDS_FOR: Final = "facebook/opt-125m"
PARAMETERS: Final = 125239296
VERSION: Final = 1


def build(folder: Path) -> None:
    """Write the model and its tokenizer."""
    config = OPTConfig(
        vocab_size=50272,
        hidden_size=768,
        num_hidden_layers=12,
        num_attention_heads=12,
        ffn_dim=3072,
        max_position_embeddings=2048,
        word_embed_proj_dim=768,
        do_layer_norm_before=True,
        activation_function="relu",
        bos_token_id=2,
        eos_token_id=2,
        pad_token_id=1,
    )
    save_seeded(lambda: OPTForCausalLM(config), folder)
    _tokenizers.opt().save_pretrained(folder)
