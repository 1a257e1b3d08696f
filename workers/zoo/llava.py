"""llava: LLaVA of very small width, which answers questions about a picture."""

from pathlib import Path
from typing import Final

from transformers import CLIPImageProcessorPil, LlavaConfig, LlavaForConditionalGeneration, LlavaProcessor

from workers.zoo import _llava, _tokenizers
from workers.zoo._seeded import save_seeded

FAMILY: Final = "image_text_to_text"
STANDS_FOR: Final = "katuni4ka/tiny-random-llava"
PARAMETERS: Final = 4336576
VERSION: Final = 1


def build(folder: Path) -> None:
    """Write the model, its image processor and its tokenizer."""
    tokenizer = _tokenizers.llama()
    config = LlavaConfig(**_llava.parts(tokenizer), image_seq_length=(_llava.SIDE // _llava.PATCH) ** 2)
    save_seeded(lambda: LlavaForConditionalGeneration(config), folder)
    images = CLIPImageProcessorPil(size=_llava.EDGE, crop_size=_llava.CROP)
    LlavaProcessor(image_processor=images, **_llava.processing(tokenizer)).save_pretrained(folder)
