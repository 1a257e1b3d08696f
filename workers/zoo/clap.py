"""clap: CLAP with an HTS-AT audio encoder, which compares sounds with sentences."""

from pathlib import Path
from typing import Final

from transformers import ClapConfig, ClapFeatureExtractor, ClapModel, ClapProcessor

from workers.zoo import _tokenizers
from workers.zoo._seeded import save_seeded

FAMILY: Final = "audio_text"
STANDS_FOR: Final = "laion/clap-htsat-unfused"
PARAMETERS: Final = 153492890
VERSION: Final = 1


def build(folder: Path) -> None:
    """Write the model, its feature extractor and its tokenizer."""
    config = ClapConfig(
        text_config={"vocab_size": 50265, "max_position_embeddings": 514, "type_vocab_size": 1},
        audio_config={
            "enable_fusion": False,
            "depths": [2, 2, 6, 2],
            "num_attention_heads": [4, 8, 16, 32],
            "hidden_size": 768,
            "patch_embeds_hidden_size": 96,
            "window_size": 8,
            "spec_size": 256,
            "num_mel_bins": 64,
            "num_classes": 527,
            "patch_size": 4,
            "patch_stride": [4, 4],
        },
        projection_dim=512,
    )
    save_seeded(lambda: ClapModel(config), folder)
    extractor = ClapFeatureExtractor(
        feature_size=64,
        sampling_rate=48000,
        hop_length=480,
        max_length_s=10,
        fft_window_size=1024,
        frequency_min=50,
        frequency_max=14000,
        truncation="rand_trunc",
        padding="repeatpad",
    )
    ClapProcessor(feature_extractor=extractor, tokenizer=_tokenizers.roberta()).save_pretrained(folder)
