"""Where a measured cell stands below its device's roof: figures for every result, and a doubt where it stands above.

In: the work of one call, and the seconds it took. Out: readings, facts and doubts; the roof itself is measured once.
"""

import time
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

from pydantic import JsonValue

from farm.contract.doubts import Doubt, DoubtKind
from farm.contract.job import JobSpec
from workers.evidence.plausibility import above
from workers.measure import peaks
from workers.measure.roofline import HIGHEST, Position, Roof, Work, position

UNSURE: Final = 0.25  # error of a roof that was taken on a busy machine, and is worth another try
NOT_AGAIN: Final = 600.0  # seconds between two tries
#: An option that lets the runtime compute in something else than the precision asked for.
COMPUTES_IN: Final = "inference_precision"


class Bench(NamedTuple):
    """The device as a roof is measured of it: `host` or `gpu`, with so many threads; and where roofs are kept."""

    device: str
    threads: int
    cache_dir: Path

    def ready(self) -> None:
        """Have a roof measured, and one that was taken among much other work once more."""
        known = self.roof()
        path = peaks.kept(self.device, threads=self.threads, cache_dir=self.cache_dir)
        if known.error() > UNSURE and time.time() - path.stat().st_mtime > NOT_AGAIN:
            self.raised()

    def roof(self) -> Roof:
        """Give the roof; measuring it takes some seconds, once."""
        return peaks.roof(self.device, threads=self.threads, cache_dir=self.cache_dir)

    def raised(self) -> Roof:
        """Measure again and give the higher figures."""
        return peaks.raised(self.device, threads=self.threads, cache_dir=self.cache_dir)


class Standing(NamedTuple):
    """One cell's place, and the roof it is seen against."""

    place: Position
    roof: Roof
    roof_of: str  # the precision whose peak counts

    def readings(self) -> dict[str, list[float]]:
        """Give the figures by metric name."""
        place = self.place
        return {
            "flops_per_call": [place.flops],
            "bytes_per_call": [place.bytes],
            "achieved_flops": [place.flops / place.seconds],
            "achieved_bandwidth": [place.bytes / place.seconds],
            "roofline_fraction": [place.fraction],
        }

    def facts(self) -> dict[str, JsonValue]:
        """Say which limit binds, how high it is and how well it is known."""
        place = self.place
        told: dict[str, JsonValue] = {
            "device": self.roof.device,
            "binds": place.binds,
            "peak_flops": place.peak,
            "peak_bandwidth": place.bandwidth,
            "error": place.error,
            "least_seconds": place.floor,
        }
        return {"roofline": told}

    def doubts(self) -> tuple[Doubt, ...]:
        """Doubt what stands above the roof."""
        if not self.place.above:
            return ()
        return (Doubt(kind=DoubtKind.ABOVE_ROOF, figure=self.place.fraction, detail=above(self.place)),)


def stand(work: Work | None, spec: JobSpec, seconds: list[float], *, bench: Bench) -> Standing | None:
    """Find the place of a cell; None for what does no work. A roof that was exceeded is measured once more first."""
    if work is None:
        return None
    precision = spec.precision if spec.options.get(COMPUTES_IN, "auto") == "auto" else HIGHEST

    def place(roof: Roof) -> Position:
        return position(
            work, roof, precision=spec.precision, roof_of=precision, seconds=median(seconds), new_tokens=spec.new_tokens
        )

    roof = bench.roof()
    found = place(roof)
    if found.above:
        roof = bench.raised()
        found = place(roof)
    return Standing(found, roof, precision)
