"""Both ways to write down speech: a Whisper, which decodes, and a wav2vec 2.0, which spells (CTC)."""

import math
from pathlib import Path

from transformers import (
    Wav2Vec2Config,
    Wav2Vec2FeatureExtractor,
    Wav2Vec2ForCTC,
    WhisperConfig,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
    WhisperProcessor,
)

from tests.workers.families import Tiny
from workers.zoo import _tokenizers, wav2vec2_tiny, whisper_tiny
from workers.zoo._seeded import save_seeded

SAMPLES = 30 * 16000
STRIDES = (20, 8, 4)


def whisper(folder: Path) -> None:
    tokenizer = _tokenizers.whisper()
    end, start = tokenizer.convert_tokens_to_ids([_tokenizers.END, "<|startoftranscript|>"])
    config = WhisperConfig(
        vocab_size=51865,
        d_model=32,
        encoder_layers=1,
        decoder_layers=2,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        max_target_positions=32,
        decoder_start_token_id=start,
        bos_token_id=end,
        eos_token_id=end,
        pad_token_id=end,
    )
    save_seeded(lambda: WhisperForConditionalGeneration(config), folder)
    whisper_tiny.generation(tokenizer, start=start, end=end).save_pretrained(folder)
    WhisperProcessor(WhisperFeatureExtractor(feature_size=80), tokenizer).save_pretrained(folder)


def wav2vec2(folder: Path) -> None:
    config = Wav2Vec2Config(
        vocab_size=len(wav2vec2_tiny.LETTERS),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=20,
        conv_dim=(16, 16, 16),
        conv_stride=STRIDES,
        conv_kernel=STRIDES,
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=2,
        num_feat_extract_layers=3,
    )
    save_seeded(lambda: Wav2Vec2ForCTC(config), folder)
    Wav2Vec2FeatureExtractor(return_attention_mask=False).save_pretrained(folder)


MODELS = {
    "whisper": Tiny(whisper, {"tokens": (5,)}, new_tokens=5),
    "wav2vec2": Tiny(wav2vec2, {"logits": (SAMPLES // math.prod(STRIDES), len(wav2vec2_tiny.LETTERS))}),
}
