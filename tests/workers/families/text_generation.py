"""A GPT-2, which the farm knows from its zoo; a Llama and a Qwen2, which it does not: rotary, with grouped heads."""

from collections.abc import Callable
from pathlib import Path

from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM

from tests.workers.families import Tiny
from workers.zoo import _tokenizers
from workers.zoo._seeded import save_seeded

NEW_TOKENS = 5


def gpt2(folder: Path) -> None:
    config = GPT2Config(n_embd=32, n_layer=2, n_head=2, n_positions=64)
    save_seeded(lambda: GPT2LMHeadModel(config), folder)
    _tokenizers.gpt2().save_pretrained(folder)


def llama(folder: Path) -> None:
    config = LlamaConfig(
        vocab_size=32064,
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=64,
        tie_word_embeddings=False,
    )
    save_seeded(lambda: LlamaForCausalLM(config), folder)
    _tokenizers.llama().save_pretrained(folder)


def qwen2(folder: Path) -> None:
    config = Qwen2Config(
        vocab_size=50257,
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=1,
        max_position_embeddings=64,
        tie_word_embeddings=True,
    )
    save_seeded(lambda: Qwen2ForCausalLM(config), folder)
    _tokenizers.gpt2().save_pretrained(folder)


def _tiny(build: Callable[[Path], None]) -> Tiny:
    return Tiny(build, {"tokens": (NEW_TOKENS,)}, sequence_length=9, new_tokens=NEW_TOKENS)


MODELS = {"gpt2": _tiny(gpt2)}
STRANGERS = {"llama": _tiny(llama), "qwen2": _tiny(qwen2)}
