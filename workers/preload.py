"""What the fork server imports once, so that forked children need not: per platform, and nothing is computed."""

from collections.abc import Sequence
from typing import Final

FIRST: Final = ("workers.quiet", "workers.inside")
OF_TORCH: Final = (
    "torch",
    "transformers",
    "transformers.models.auto.modeling_auto",
    "transformers.models.auto.processing_auto",
    "transformers.models.auto.tokenization_auto",
)
OF_PLATFORM: Final = {"cpu": OF_TORCH, "openvino": (*OF_TORCH, "openvino"), "fake": ("workers.families.fake",)}
LAST: Final = ("workers.inherited",)


def modules(platforms: Sequence[str]) -> list[str]:
    """Name the modules to import for these platforms, in order; for the fake platform, next to nothing."""
    runtimes = [name for platform in platforms for name in OF_PLATFORM.get(platform, ())]
    own = [f"workers.platforms.{platform}" for platform in platforms]
    return list(dict.fromkeys([*FIRST, *runtimes, *own, *LAST]))
