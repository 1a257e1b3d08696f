"""Whisper tiny: four encoder and four decoder layers of width 384, from Radford et al. 2022 (arXiv:2212.04356)."""

from pathlib import Path
from typing import Final

from tokenizers import AddedToken
from transformers import (
    WhisperConfig,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
    WhisperProcessor,
    WhisperTokenizer,
)

from workers.zoo.vocabularies import byte_pairs

FAMILY: Final = "speech_to_text"
STANDS_FOR: Final = "openai/whisper-tiny"
PARAMETERS: Final = 37_760_640
VERSION: Final = 1

#: The 99 languages of the multilingual models, in the order of their tokens.
LANGUAGES: Final = tuple(
    "en zh de es ru ko fr ja pt tr pl ca nl ar sv it id hi fi vi he uk el ms cs ro da hu ta no th ur hr bg lt la mi ml "
    "cy sk te fa lv bn sr az sl kn et mk br eu is hy ne mn bs kk sq sw gl mr pa si km sn yo so af oc ka be tg sd gu am "
    "yi lo uz fo ht ps tk nn mt sa lb my bo tl mg as tt haw ln ha ba jw su".split()
)
END: Final = 50_257
START: Final = 50_258
FIRST_LANGUAGE: Final = 50_259
TRANSLATE: Final = 50_358
TRANSCRIBE: Final = 50_359
START_OF_PREVIOUS: Final = 50_361
NO_TIMESTAMPS: Final = 50_363


def build(folder: Path) -> None:
    """Write the model folder."""
    WhisperProcessor(WhisperFeatureExtractor(feature_size=80), _tokenizer()).save_pretrained(folder)
    config = WhisperConfig(
        vocab_size=51_865,
        d_model=384,
        encoder_layers=4,
        decoder_layers=4,
        encoder_attention_heads=6,
        decoder_attention_heads=6,
        encoder_ffn_dim=1536,
        decoder_ffn_dim=1536,
        decoder_start_token_id=START,
        bos_token_id=END,
        eos_token_id=END,
        pad_token_id=END,
    )
    model = WhisperForConditionalGeneration(config).eval()
    _describe_generation(model)
    model.save_pretrained(folder)


def _tokenizer() -> WhisperTokenizer:
    vocabulary, merges = byte_pairs(50_257)
    tokenizer = WhisperTokenizer(vocab=dict(vocabulary), merges=list(merges), model_max_length=448)
    special = [
        "<|endoftext|>",
        "<|startoftranscript|>",
        *(f"<|{language}|>" for language in LANGUAGES),
        "<|translate|>",
        "<|transcribe|>",
        "<|startoflm|>",
        "<|startofprev|>",
        "<|nocaptions|>",
        "<|notimestamps|>",
        *(f"<|{step * 0.02:.2f}|>" for step in range(1501)),
    ]
    tokenizer.add_tokens([AddedToken(token, special=True, normalized=False) for token in special])
    return tokenizer


def _describe_generation(model: WhisperForConditionalGeneration) -> None:
    settings = model.generation_config
    settings.decoder_start_token_id = START
    settings.bos_token_id = settings.eos_token_id = settings.pad_token_id = END
    settings.max_length = 448
    settings.is_multilingual = True
    settings.return_timestamps = False
    settings.lang_to_id = {f"<|{language}|>": FIRST_LANGUAGE + i for i, language in enumerate(LANGUAGES)}
    settings.task_to_id = {"translate": TRANSLATE, "transcribe": TRANSCRIBE}
    settings.no_timestamps_token_id = NO_TIMESTAMPS
    settings.prev_sot_token_id = START_OF_PREVIOUS
    settings.begin_suppress_tokens = [220, END]
    settings.suppress_tokens = []
    settings.forced_decoder_ids = None
    settings._from_model_config = False  # else exporters rebuild it from config.json and lose lang_to_id
