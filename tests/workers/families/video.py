"""A VideoMAE over clips of four frames."""

from pathlib import Path

from transformers import VideoMAEConfig, VideoMAEImageProcessorPil, VideoMAEModel

from tests.workers.families import Tiny
from workers.zoo._seeded import save_seeded

SIDE, FRAMES, WIDTH = 32, 4, 32


def videomae(folder: Path) -> None:
    config = VideoMAEConfig(
        image_size=SIDE,
        patch_size=16,
        num_frames=FRAMES,
        tubelet_size=2,
        hidden_size=WIDTH,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
    )
    save_seeded(lambda: VideoMAEModel(config), folder)
    images = VideoMAEImageProcessorPil(size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE})
    images.save_pretrained(folder)


MODELS = {"videomae": Tiny(videomae, {"last_hidden_state": ((SIDE // 16) ** 2 * FRAMES // 2, WIDTH)})}
