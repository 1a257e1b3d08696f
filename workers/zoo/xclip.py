"""xclip: X-CLIP with a ViT-B/32 over eight frames, which compares clips with sentences."""

from pathlib import Path
from typing import Any, Final

from torch import nn
from transformers import VideoMAEImageProcessorPil, XCLIPConfig, XCLIPModel, XCLIPProcessor

from workers.zoo import _tokenizers
from workers.zoo._seeded import save_seeded

FAMILY: Final = "video_text"
STANDS_FOR: Final = "microsoft/xclip-base-patch32"
PARAMETERS: Final = 196585729
VERSION: Final = 2

#: Spread of the weights that transformers has no rule of its own for, and draws with a spread of 1: those of the prompt
#: and of the messages between frames. With 1 the prompt's attention has scores of hundreds, picks one patch of the
#: picture, and another one whenever rounding turns a near-tie. The published model began with this.
SPREAD: Final = 0.02
UNRULED: Final = ("prompts_generator.", "message_fc")


def build(folder: Path) -> None:
    """Write the model, its frame processor and its tokenizer."""
    config = XCLIPConfig(
        text_config={
            "vocab_size": 49408,
            "hidden_size": 512,
            "intermediate_size": 2048,
            "num_hidden_layers": 12,
            "num_attention_heads": 8,
            "max_position_embeddings": 77,
            "bos_token_id": 49406,
            "eos_token_id": 49407,
            "pad_token_id": 1,
        },
        vision_config={
            "hidden_size": 768,
            "intermediate_size": 3072,
            "num_hidden_layers": 12,
            "num_attention_heads": 12,
            "image_size": 224,
            "patch_size": 32,
            "num_frames": 8,
            "mit_hidden_size": 512,
            "mit_intermediate_size": 2048,
            "mit_num_hidden_layers": 1,
            "mit_num_attention_heads": 8,
        },
        projection_dim=512,
        prompt_layers=2,
        prompt_alpha=0.1,
        prompt_num_attention_heads=8,
    )
    save_seeded(lambda: _as_published(XCLIPModel(config)), folder)
    processor = XCLIPProcessor(image_processor=VideoMAEImageProcessorPil(), tokenizer=_tokenizers.clip())
    processor.save_pretrained(folder)


def _as_published(model: Any) -> Any:
    """Draw anew what transformers has no rule for."""
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear) and any(word in name for word in UNRULED):
            nn.init.trunc_normal_(module.weight, std=SPREAD)
    return model
