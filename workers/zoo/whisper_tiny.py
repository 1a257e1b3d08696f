"""whisper-tiny: the smallest multilingual Whisper, from 30 s of audio to text."""

from pathlib import Path
from typing import Any, Final

from transformers import (
    GenerationConfig,
    WhisperConfig,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
    WhisperProcessor,
)

from workers.zoo import _tokenizers
from workers.zoo._seeded import save_seeded

FAMILY: Final = "speech_to_text"
STANDS_FOR: Final = "openai/whisper-tiny"
PARAMETERS: Final = 37760640
VERSION: Final = 1

SPACE: Final = 220  # the token of a lone space, which no transcript begins with


def build(folder: Path) -> None:
    """Write the model with its generation settings, its feature extractor and its tokenizer."""
    tokenizer = _tokenizers.whisper()
    save_seeded(lambda: _model(tokenizer), folder)
    WhisperProcessor(WhisperFeatureExtractor(feature_size=80), tokenizer).save_pretrained(folder)


def _model(tokenizer: Any) -> Any:
    end = tokenizer.convert_tokens_to_ids(_tokenizers.END)
    start = tokenizer.convert_tokens_to_ids("<|startoftranscript|>")
    config = WhisperConfig(
        vocab_size=51865,
        num_mel_bins=80,
        d_model=384,
        encoder_layers=4,
        decoder_layers=4,
        encoder_attention_heads=6,
        decoder_attention_heads=6,
        encoder_ffn_dim=1536,
        decoder_ffn_dim=1536,
        max_source_positions=1500,
        max_target_positions=448,
        decoder_start_token_id=start,
        bos_token_id=end,
        eos_token_id=end,
        pad_token_id=end,
    )
    model = WhisperForConditionalGeneration(config)
    # Made anew: one derived from the model's configuration is derived again by converters, and loses the languages.
    model.generation_config = generation(tokenizer, start=start, end=end)
    return model


def generation(tokenizer: Any, *, start: int, end: int) -> GenerationConfig:
    """Give the settings that say which tokens mean a language, a task, and the end."""

    def ids(words: tuple[str, ...]) -> dict[str, int]:
        return {word: tokenizer.convert_tokens_to_ids(f"<|{word}|>") for word in words}

    return GenerationConfig(
        decoder_start_token_id=start,
        bos_token_id=end,
        eos_token_id=end,
        pad_token_id=end,
        max_length=448,
        is_multilingual=True,
        return_timestamps=False,
        lang_to_id={f"<|{language}|>": i for language, i in ids(_tokenizers.LANGUAGES).items()},
        task_to_id=ids(("translate", "transcribe")),
        no_timestamps_token_id=tokenizer.convert_tokens_to_ids("<|notimestamps|>"),
        prev_sot_token_id=tokenizer.convert_tokens_to_ids("<|startofprev|>"),
        begin_suppress_tokens=[SPACE, end],
        suppress_tokens=[],
    )
