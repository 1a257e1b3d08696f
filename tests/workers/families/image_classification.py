"""Three classifiers, none of which is of the zoo: a ViT, a ConvNeXt and a ResNet (whose norms keep statistics)."""

from pathlib import Path
from typing import Any

from transformers import (
    ConvNextConfig,
    ConvNextForImageClassification,
    ResNetConfig,
    ResNetForImageClassification,
    ViTConfig,
    ViTForImageClassification,
    ViTImageProcessorPil,
)

from tests.workers.families import Tiny
from workers.zoo._seeded import save_seeded

SIDE = 32
CLASSES = 5
NAMES = {"id2label": {i: f"class {i}" for i in range(CLASSES)}, "label2id": {f"class {i}": i for i in range(CLASSES)}}


def vit(folder: Path) -> None:
    config = ViTConfig(
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        image_size=SIDE,
        patch_size=8,
        **NAMES,
    )
    _save(lambda: ViTForImageClassification(config), folder)


def convnext(folder: Path) -> None:
    config = ConvNextConfig(hidden_sizes=[8, 16], depths=[1, 1], num_stages=2, image_size=SIDE, **NAMES)
    _save(lambda: ConvNextForImageClassification(config), folder)


def resnet(folder: Path) -> None:
    config = ResNetConfig(embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], layer_type="basic", **NAMES)
    _save(lambda: ResNetForImageClassification(config), folder)


def _save(make: Any, folder: Path) -> None:
    save_seeded(make, folder)
    ViTImageProcessorPil(size={"height": SIDE, "width": SIDE}).save_pretrained(folder)


MODELS = {"vit": Tiny(vit, {"logits": (CLASSES,)})}
STRANGERS = {build.__name__: Tiny(build, {"logits": (CLASSES,)}) for build in (convnext, resnet)}
