"""A LLaVA with a vision tower of sixteen patches, and a LLaVA-NeXT that cuts a picture into tiles of that size."""

from pathlib import Path
from typing import Any

from transformers import (
    CLIPImageProcessorPil,
    CLIPVisionConfig,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaNextConfig,
    LlavaNextForConditionalGeneration,
    LlavaNextImageProcessorPil,
    LlavaNextProcessor,
    LlavaProcessor,
)

from tests.workers.families import Tiny
from workers.zoo import _llava, _tokenizers
from workers.zoo._seeded import save_seeded

PATCH = 14
SIDE = 4 * PATCH
SIZES = {"size": {"shortest_edge": SIDE}, "crop_size": {"height": SIDE, "width": SIDE}}
PATCHES = {"image_seq_length": (SIDE // PATCH) ** 2}  # of one tile
GRIDS = [[SIDE, 2 * SIDE], [2 * SIDE, SIDE], [2 * SIDE, 2 * SIDE]]
WIDTHS = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}


def llava(folder: Path) -> None:
    tokenizer = _tokenizers.llama()
    config = LlavaConfig(**_parts(tokenizer), **PATCHES)
    save_seeded(lambda: LlavaForConditionalGeneration(config), folder)
    images = CLIPImageProcessorPil(**SIZES)
    LlavaProcessor(image_processor=images, **_processing(tokenizer)).save_pretrained(folder)


def llava_next(folder: Path) -> None:
    tokenizer = _tokenizers.llama()
    config = LlavaNextConfig(
        **_parts(tokenizer), image_grid_pinpoints=GRIDS, **PATCHES, use_image_newline_parameter=True
    )
    save_seeded(lambda: LlavaNextForConditionalGeneration(config), folder)
    images = LlavaNextImageProcessorPil(**SIZES, image_grid_pinpoints=GRIDS)
    LlavaNextProcessor(image_processor=images, **_processing(tokenizer)).save_pretrained(folder)


def _parts(tokenizer: Any) -> dict[str, Any]:
    parts = _llava.parts(tokenizer)
    text = LlamaConfig(
        **WIDTHS,
        vocab_size=32064,
        num_key_value_heads=1,
        max_position_embeddings=512,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    vision = CLIPVisionConfig(**WIDTHS, image_size=SIDE, patch_size=PATCH, projection_dim=32)
    return parts | {"text_config": text, "vision_config": vision}


def _processing(tokenizer: Any) -> dict[str, Any]:
    return _llava.processing(tokenizer) | {"patch_size": PATCH}


MODELS = {build.__name__: Tiny(build, {"tokens": (5,)}, new_tokens=5) for build in (llava, llava_next)}
