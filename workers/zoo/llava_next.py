"""llava-next: LLaVA-NeXT of very small width, which cuts a picture into tiles and answers questions about it."""

from pathlib import Path
from typing import Final

from transformers import (
    LlavaNextConfig,
    LlavaNextForConditionalGeneration,
    LlavaNextImageProcessorPil,
    LlavaNextProcessor,
)

from workers.zoo import _llava, _tokenizers
from workers.zoo._seeded import save_seeded

FAMILY: Final = "image_text_to_text"
STANDS_FOR: Final = "katuni4ka/tiny-random-llava-next"
PARAMETERS: Final = 4336640
VERSION: Final = 1

#: Heights and widths that a picture may be fitted into, in pixels.
GRIDS: Final = ((336, 672), (672, 336), (672, 672), (1008, 336), (336, 1008))


def build(folder: Path) -> None:
    """Write the model, its tiling image processor and its tokenizer."""
    tokenizer = _tokenizers.llama()
    grids = [list(grid) for grid in GRIDS]
    config = LlavaNextConfig(**_llava.parts(tokenizer), image_grid_pinpoints=grids, use_image_newline_parameter=True)
    save_seeded(lambda: LlavaNextForConditionalGeneration(config), folder)
    images = LlavaNextImageProcessorPil(size=_llava.EDGE, crop_size=_llava.CROP, image_grid_pinpoints=grids)
    LlavaNextProcessor(image_processor=images, **_llava.processing(tokenizer)).save_pretrained(folder)
