"""A CLIP."""

from pathlib import Path

from transformers import CLIPConfig, CLIPImageProcessorPil, CLIPModel, CLIPProcessor

from tests.workers.families import Tiny
from workers.zoo import _tokenizers
from workers.zoo._seeded import save_seeded

SIDE = 32
WIDTH = 24
PART = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}


def clip(folder: Path) -> None:
    text = {"vocab_size": 49408, "max_position_embeddings": 77, "bos_token_id": 49406, "eos_token_id": 49407}
    config = CLIPConfig(
        text_config={**PART, **text, "projection_dim": WIDTH},
        vision_config={**PART, "image_size": SIDE, "patch_size": 8, "projection_dim": WIDTH},
        projection_dim=WIDTH,
    )
    save_seeded(lambda: CLIPModel(config), folder)
    images = CLIPImageProcessorPil(size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE})
    CLIPProcessor(image_processor=images, tokenizer=_tokenizers.clip()).save_pretrained(folder)


MODELS = {"clip": Tiny(clip, {"image_embeds": (WIDTH,), "text_embeds": (WIDTH,)})}
