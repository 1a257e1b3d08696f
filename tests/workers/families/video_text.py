"""An X-CLIP over clips of two frames."""

from pathlib import Path

from transformers import VideoMAEImageProcessorPil, XCLIPConfig, XCLIPModel, XCLIPProcessor

from tests.workers.families import Tiny
from workers.zoo import _tokenizers
from workers.zoo._seeded import save_seeded

SIDE, WIDTH = 32, 24
PART = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}


def xclip(folder: Path) -> None:
    text = {"vocab_size": 49408, "max_position_embeddings": 77, "bos_token_id": 49406, "eos_token_id": 49407}
    vision = {
        "image_size": SIDE,
        "patch_size": 16,
        "num_frames": 2,
        "mit_hidden_size": WIDTH,
        "mit_intermediate_size": 32,
        "mit_num_hidden_layers": 1,
        "mit_num_attention_heads": 2,
    }
    config = XCLIPConfig(
        text_config={**PART, **text},
        vision_config={**PART, **vision},
        projection_dim=WIDTH,
        prompt_layers=1,
        prompt_num_attention_heads=2,
    )
    save_seeded(lambda: XCLIPModel(config), folder)
    frames = VideoMAEImageProcessorPil(size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE})
    XCLIPProcessor(image_processor=frames, tokenizer=_tokenizers.clip()).save_pretrained(folder)


#: Every clip is compared with every sentence, so there is a text vector for each pair.
MODELS = {"xclip": Tiny(xclip, {"video_embeds": (WIDTH,), "text_embeds": (-1, WIDTH)})}
