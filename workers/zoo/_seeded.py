"""Gives a model transformers' own random weights, from the zoo's seed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from transformers.utils import logging

from workers.zoo.building import SEED


def save_seeded(make: Callable[[], Any], folder: Path) -> None:
    """Make a model with seeded weights and save it, leaving torch's own random state as it was."""
    logging.disable_progress_bar()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        model = make()
    model.save_pretrained(folder)
