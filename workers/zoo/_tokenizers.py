"""The tokenizers of the zoo's models, over listed vocabularies; each has its published size and special tokens."""

from typing import Any, Final

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import (
    BertTokenizer,
    CLIPTokenizer,
    GPT2Tokenizer,
    PreTrainedTokenizerFast,
    RobertaTokenizer,
    T5Tokenizer,
    WhisperTokenizer,
)

from workers.zoo.vocabularies import byte_bpe, unigram, wordpiece

END: Final = "<|endoftext|>"
# Whisper's languages, in the order of their tokens.
_LANGUAGES: Final = (
    "en zh de es ru ko fr ja pt tr pl ca nl ar sv it id hi fi vi he uk el ms cs ro da hu ta no th ur hr bg lt la mi ml "
    "cy sk te fa lv bn sr az sl kn et mk br eu is hy ne mn bs kk sq sw gl mr pa si km sn yo so af oc ka be tg sd gu am "
    "yi lo uz fo ht ps tk nn mt sa lb my bo tl mg as tt haw ln ha ba jw su"
)
LANGUAGES: Final = tuple(_LANGUAGES.split())
WHISPER_TASKS: Final = ("translate", "transcribe", "startoflm", "startofprev", "nocaptions", "notimestamps")
_TIMESTAMPS: Final = 1501  # of 0.02 s each: 0.00 to 30.00
_ROBERTA_FIRST: Final = ("<s>", "<pad>", "</s>", "<unk>")


def bert() -> Any:
    """Give BERT's lower-case WordPiece tokenizer: 30,522 tokens."""
    return BertTokenizer(vocab=dict(wordpiece(30522)), do_lower_case=True, model_max_length=512)


def gpt2() -> Any:
    """Give GPT-2's byte-level BPE tokenizer: 50,257 tokens; padding is the end of text."""
    vocabulary, merges = byte_bpe(50256)
    return GPT2Tokenizer(vocab=vocabulary | {END: 50256}, merges=list(merges), model_max_length=1024, pad_token=END)


def opt() -> Any:
    """Give OPT's tokenizer: RoBERTa's 50,265 tokens, each text begun with </s>."""
    vocabulary, merges = _roberta()
    return GPT2Tokenizer(
        vocab=vocabulary,
        merges=merges,
        bos_token="</s>",
        eos_token="</s>",
        unk_token="</s>",
        pad_token="<pad>",
        add_bos_token=True,
        model_max_length=2048,
    )


def roberta() -> Any:
    """Give RoBERTa's byte-level BPE tokenizer: 50,265 tokens."""
    vocabulary, merges = _roberta()
    return RobertaTokenizer(vocab=vocabulary, merges=merges, model_max_length=512)


def clip() -> Any:
    """Give CLIP's tokenizer: 49,408 tokens, words marked at their end."""
    vocabulary, merges = byte_bpe(49406, word_end="</w>")
    special = {"<|startoftext|>": 49406, END: 49407}
    return CLIPTokenizer(vocab=vocabulary | special, merges=list(merges), model_max_length=77)


def t5() -> Any:
    """Give T5's unigram tokenizer: 32,000 pieces and 100 sentinels."""
    pieces = unigram(32000, first=("<pad>", "</s>", "<unk>"))
    return T5Tokenizer(vocab=list(pieces), extra_ids=100, model_max_length=512)


def whisper() -> Any:
    """Give Whisper's multilingual tokenizer: 51,865 tokens, with languages, tasks and timestamps."""
    vocabulary, merges = byte_bpe(50257)
    tokenizer = WhisperTokenizer(vocab=dict(vocabulary), merges=list(merges), pad_token=END, model_max_length=448)
    words = [END, "<|startoftranscript|>"]
    words += [f"<|{word}|>" for word in (*LANGUAGES, *WHISPER_TASKS)]
    words += [f"<|{step * 0.02:.2f}|>" for step in range(_TIMESTAMPS)]
    tokenizer.add_tokens([AddedToken(word, special=True, normalized=False) for word in words])
    return tokenizer


def llama() -> Any:
    """Give a byte-level BPE tokenizer with Llama's special tokens: 32,000 tokens, padding, and LLaVA's <image>."""
    vocabulary, merges = byte_bpe(31999, first=("<unk>", "<s>", "</s>"))
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=list(merges), unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", vocabulary["<s>"])]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        unk_token="<unk>",
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
        padding_side="left",
        model_max_length=4096,
        extra_special_tokens={"image_token": "<image>"},
    )


def _roberta() -> tuple[dict[str, int], list[tuple[str, str]]]:
    vocabulary, merges = byte_bpe(50264, first=_ROBERTA_FIRST)
    return vocabulary | {"<mask>": 50264}, list(merges)
