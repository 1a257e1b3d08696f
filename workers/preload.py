"""What the fork server imports once, so that forked children need not: per platform, and nothing is computed."""

from collections.abc import Sequence
from multiprocessing import forkserver
from typing import Final

from farm.sweeps.catalogue import Catalogue

FIRST: Final = ("workers.quiet", "workers.arrowless", "workers.inside")
OF_TORCH: Final = (
    "torch",
    "transformers",
    "transformers.models.auto.modeling_auto",
    "transformers.models.auto.processing_auto",
    "transformers.models.auto.tokenization_auto",
)
OF_PLATFORM: Final = {"cpu": OF_TORCH, "openvino": (*OF_TORCH, "openvino"), "fake": ("workers.families.fake",)}
LAST: Final = ("workers.inherited",)


def forked(catalogue: Catalogue, platforms: Sequence[str]) -> list[str]:
    """Name the platforms among these whose children are forked; the fork server imports nothing of the others."""
    return [name for name in platforms if catalogue.platforms[name].start == "fork"]


def start(catalogue: Catalogue, platforms: Sequence[str]) -> None:
    """Start the fork server, if any of these platforms needs one; it imports while the worker gets ready itself."""
    names = forked(catalogue, platforms)
    if names:
        forkserver.set_forkserver_preload(modules(names))
        forkserver.ensure_running()


def modules(platforms: Sequence[str]) -> list[str]:
    """Name the modules to import for these platforms, in order; for the fake platform, next to nothing."""
    runtimes = [name for platform in platforms for name in OF_PLATFORM.get(platform, ())]
    own = [f"workers.platforms.{platform}" for platform in platforms]
    return list(dict.fromkeys([*FIRST, *runtimes, *own, *LAST]))
