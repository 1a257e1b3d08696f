"""wav2vec2-tiny: a four-layer wav2vec 2.0 of very small width, from audio to letters by CTC."""

import json
import tempfile
from pathlib import Path
from typing import Final

from transformers import (
    Wav2Vec2Config,
    Wav2Vec2CTCTokenizer,
    Wav2Vec2FeatureExtractor,
    Wav2Vec2ForCTC,
    Wav2Vec2Processor,
)

from workers.zoo._seeded import save_seeded

FAMILY: Final = "speech_to_text"
STANDS_FOR: Final = "patrickvonplaten/wav2vec2-tiny-random"
PARAMETERS: Final = 27280
VERSION: Final = 1
WITHOUT: Final = ("new_tokens",)  # CTC gives a letter for each frame

LETTERS: Final = ("<pad>", "<s>", "</s>", "<unk>", "|", *"ETAONIHSRDLUMWCFGYPBVK'XJQZ")


def build(folder: Path) -> None:
    """Write the model, its feature extractor and its letters."""
    config = Wav2Vec2Config(
        vocab_size=len(LETTERS),
        hidden_size=16,
        num_hidden_layers=4,
        num_attention_heads=2,
        intermediate_size=20,
        conv_dim=(32, 32, 32),
        conv_stride=(4, 4, 4),
        conv_kernel=(8, 8, 8),
        conv_bias=False,
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=2,
        num_feat_extract_layers=3,
        feat_extract_norm="group",
        do_stable_layer_norm=False,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
    )
    save_seeded(lambda: Wav2Vec2ForCTC(config), folder)
    extractor = Wav2Vec2FeatureExtractor(
        feature_size=1, sampling_rate=16000, padding_value=0.0, do_normalize=True, return_attention_mask=False
    )
    Wav2Vec2Processor(feature_extractor=extractor, tokenizer=_tokenizer()).save_pretrained(folder)


def _tokenizer() -> Wav2Vec2CTCTokenizer:
    with tempfile.TemporaryDirectory() as scratch:
        vocabulary = Path(scratch) / "vocab.json"  # this tokenizer takes its vocabulary from a file only
        vocabulary.write_text(json.dumps({letter: i for i, letter in enumerate(LETTERS)}))
        return Wav2Vec2CTCTokenizer(str(vocabulary), unk_token="<unk>", pad_token="<pad>", word_delimiter_token="|")
