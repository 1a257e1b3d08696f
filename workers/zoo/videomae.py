"""videomae: VideoMAE with a ViT-B over clips of sixteen frames, with its pre-training decoder."""

from pathlib import Path
from typing import Final

from transformers import VideoMAEConfig, VideoMAEForPreTraining, VideoMAEImageProcessorPil

from workers.zoo._seeded import save_seeded

FAMILY: Final = "video"
STANDS_FOR: Final = "MCG-NJU/videomae-base"
PARAMETERS: Final = 94221696
VERSION: Final = 1


def build(folder: Path) -> None:
    """Write the model and its frame processor."""
    config = VideoMAEConfig(
        image_size=224,
        patch_size=16,
        num_frames=16,
        tubelet_size=2,
        hidden_size=768,
        num_hidden_layers=12,
        num_attention_heads=12,
        intermediate_size=3072,
        use_mean_pooling=False,
        decoder_num_attention_heads=6,
        decoder_hidden_size=384,
        decoder_num_hidden_layers=4,
        decoder_intermediate_size=1536,
        norm_pix_loss=True,
    )
    save_seeded(lambda: VideoMAEForPreTraining(config), folder)
    VideoMAEImageProcessorPil().save_pretrained(folder)
