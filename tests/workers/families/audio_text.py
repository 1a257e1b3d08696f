"""A CLAP that hears one second at a low rate."""

from pathlib import Path

from transformers import ClapConfig, ClapFeatureExtractor, ClapModel, ClapProcessor

from tests.workers.families import Tiny
from workers.zoo import _tokenizers
from workers.zoo._seeded import save_seeded

WIDTH = 24


def clap(folder: Path) -> None:
    text = {
        "vocab_size": 50265,
        "hidden_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 32,
        "max_position_embeddings": 514,
        "type_vocab_size": 1,
    }
    audio = {
        "enable_fusion": False,
        "depths": [1, 1],
        "num_attention_heads": [2, 2],
        "hidden_size": 32,
        "patch_embeds_hidden_size": 16,
        "window_size": 4,
        "spec_size": 64,
        "num_mel_bins": 16,
        "num_classes": 5,
    }
    config = ClapConfig(text_config=text, audio_config=audio, projection_dim=WIDTH)
    save_seeded(lambda: ClapModel(config), folder)
    extractor = ClapFeatureExtractor(
        feature_size=16,
        sampling_rate=16000,
        hop_length=160,
        max_length_s=1,
        fft_window_size=512,
        frequency_min=50,
        frequency_max=7000,
        truncation="rand_trunc",
        padding="repeatpad",
    )
    ClapProcessor(feature_extractor=extractor, tokenizer=_tokenizers.roberta()).save_pretrained(folder)


MODELS = {"clap": Tiny(clap, {"audio_embeds": (WIDTH,), "text_embeds": (WIDTH,)})}
