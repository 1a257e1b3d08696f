"""clip: CLIP with a ViT-B/32, which compares pictures with sentences."""

from pathlib import Path
from typing import Final

from transformers import CLIPConfig, CLIPImageProcessorPil, CLIPModel, CLIPProcessor

from workers.zoo import _tokenizers
from workers.zoo._seeded import save_seeded

FAMILY: Final = "image_text"
STANDS_FOR: Final = "openai/clip-vit-base-patch32"
PARAMETERS: Final = 151277313
VERSION: Final = 1


def build(folder: Path) -> None:
    """Write the model, its image processor and its tokenizer."""
    config = CLIPConfig(
        text_config={
            "vocab_size": 49408,
            "hidden_size": 512,
            "intermediate_size": 2048,
            "num_hidden_layers": 12,
            "num_attention_heads": 8,
            "max_position_embeddings": 77,
            "hidden_act": "quick_gelu",
            "projection_dim": 512,
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
            "hidden_act": "quick_gelu",
            "projection_dim": 512,
        },
        projection_dim=512,
    )
    save_seeded(lambda: CLIPModel(config), folder)
    images = CLIPImageProcessorPil(size={"shortest_edge": 224}, crop_size={"height": 224, "width": 224})
    CLIPProcessor(image_processor=images, tokenizer=_tokenizers.clip()).save_pretrained(folder)
