"""What the fork server imports once, so that forked children need not: per platform, and nothing is computed."""

from collections.abc import Sequence
from typing import Final

ALWAYS: Final = ("workers.inside",)
OF_TORCH: Final = (
    "torch",
    "transformers",
    "transformers.models.auto.modeling_auto",
    "transformers.models.auto.processing_auto",
    "transformers.models.auto.tokenization_auto",
)
OF_PLATFORM: Final = {"cpu": OF_TORCH, "openvino": (*OF_TORCH, "openvino")}


def modules(platforms: Sequence[str]) -> list[str]:
    """Name the modules to import for these platforms; for the fake platform, next to nothing."""
    runtimes = [name for platform in platforms for name in OF_PLATFORM.get(platform, ())]
    own = [f"workers.platforms.{platform}" for platform in platforms]
    return list(dict.fromkeys([*runtimes, *ALWAYS, *own]))
