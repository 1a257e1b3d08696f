"""Pictures, clips and sounds that are neither blank nor noise, the same for the same seed."""

from typing import Final

import numpy as np
from PIL import Image

from workers.engine import Array

WIDTH: Final = 640  # pixels of a picture, as a camera gives it
HEIGHT: Final = 480
SHAPES: Final = 12
CLIP: Final = 30.0  # seconds of speech, the window of Whisper models; the same for all, so that they can be compared


def picture(*, seed: int) -> Image.Image:
    """Paint a picture of 640 x 480 pixels: a gradient, discs over it, and a little noise as of a sensor."""
    dice = np.random.default_rng(seed)
    return Image.fromarray(_frame(_discs(dice), _gradient(dice), 0.0, dice=dice))


def clip(*, frames: int, seed: int) -> list[Image.Image]:
    """Paint the frames of a clip in which the discs move."""
    dice = np.random.default_rng(seed)
    discs, ground = _discs(dice), _gradient(dice)
    return [Image.fromarray(_frame(discs, ground, frame / max(1, frames - 1), dice=dice)) for frame in range(frames)]


def sound(*, rate: int, seconds: float, seed: int) -> Array:
    """Make mono audio of float32 in -1 to 1: three gliding tones over a floor of noise."""
    dice = np.random.default_rng(seed)
    time = np.arange(int(seconds * rate)) / rate
    tones = [np.sin(2 * np.pi * (base + glide * time) * time) for base, glide in dice.uniform(1, 200, (3, 2))]
    return np.asarray(0.2 * sum(tones) + 0.02 * dice.standard_normal(len(time)), dtype=np.float32)


def _gradient(dice: np.random.Generator) -> Array:
    corners = dice.uniform(0, 255, (2, 2, 3))
    down, across = np.linspace(0, 1, HEIGHT)[:, None, None], np.linspace(0, 1, WIDTH)[None, :, None]
    top = corners[0, 0] * (1 - across) + corners[0, 1] * across
    bottom = corners[1, 0] * (1 - across) + corners[1, 1] * across
    return np.asarray(top * (1 - down) + bottom * down)


def _discs(dice: np.random.Generator) -> list[Array]:
    """Give discs as rows of: x, y, radius (pixels), dx, dy (pixels in the whole clip), red, green, blue."""
    low = [0, 0, 15, -200, -200, 0, 0, 0]
    high = [WIDTH, HEIGHT, 110, 200, 200, 255, 255, 255]
    return list(dice.uniform(low, high, (SHAPES, len(low))))


def _frame(discs: list[Array], ground: Array, moment: float, *, dice: np.random.Generator) -> Array:
    painted = ground.copy()
    y, x = np.ogrid[:HEIGHT, :WIDTH]
    for at_x, at_y, radius, dx, dy, *colour in discs:
        inside = (x - at_x - dx * moment) ** 2 + (y - at_y - dy * moment) ** 2 < radius**2
        painted[inside] = colour
    painted += dice.normal(0, 4, painted.shape)
    return np.asarray(painted.clip(0, 255), dtype=np.uint8)
