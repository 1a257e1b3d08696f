"""What a meter is: hooks around loading and the timed loop. Each file in workers/meters has one, named METER."""

import importlib
import pkgutil
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Literal

from pydantic import JsonValue

from workers.workload import Call

Device = Literal["host", "gpu"]


class Meter:
    """Reads one group of metrics. Every hook does nothing here; a meter overrides those it needs."""

    def __init__(self, device: Device) -> None:
        """Take the kind of device that is measured on."""
        self.device = device

    def before_loading(self) -> None:
        """Called when the runtime is imported and the model is not loaded."""

    def after_warmup(self) -> None:
        """Called when the model is loaded and warm, before a search tries other settings with it."""

    def before_calls(self) -> None:
        """Called right before the first timed call."""

    def after_calls(self) -> None:
        """Called right after the last timed call: quick readings only, other meters are still to be read."""

    def readings(self, calls: Sequence[Call], *, batch_size: int) -> Mapping[str, list[float]]:
        """Called once all meters have stopped: give samples by metric. What cannot be read is left out, never zero."""
        del calls, batch_size
        return {}

    def facts(self) -> Mapping[str, JsonValue]:
        """Called last: give the source of the readings, or why there are none."""
        return {}


def meters_in(package: ModuleType, *, device: Device) -> list[Meter]:
    """Make one meter of each file of a package, in the order of their names; files with `_` in front help others."""
    names = sorted(each.name for each in pkgutil.iter_modules(package.__path__) if not each.name.startswith("_"))
    return [importlib.import_module(f"{package.__name__}.{name}").METER(device) for name in names]
