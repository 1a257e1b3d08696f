"""How fast the device could have done the same work: the roofline of compute and memory. Pure.

In: the work of one call, the device's measured roof, the time a call took. Out: where the call stands below the roof.
The model is that of Williams, Waterman and Patterson, "Roofline: an insightful visual performance model" (CACM 2009),
with one bandwidth for each size of working set, since the weights of small models stay in a cache.
"""

import math
from typing import Final, Literal, NamedTuple

from farm.contract.value import Value

Limit = Literal["compute", "memory"]

#: Bytes of one weight as it must be read, and of one kept key or value: runtimes may keep these in eight bits.
WEIGHT_BYTES: Final = {"fp32": 4, "tf32": 4, "fp16": 2, "bf16": 2, "int8": 1}
KEPT_BYTES: Final = {"fp32": 4, "tf32": 4, "fp16": 1, "bf16": 1, "int8": 1}
#: What a runtime may compute in when a precision is asked for: that, or whatever is more exact and faster here.
COMPUTED_IN: Final = {
    "fp32": ("fp32",),
    "tf32": ("fp32", "tf32"),
    "fp16": ("fp32", "tf32", "fp16"),
    "bf16": ("fp32", "tf32", "bf16"),
    "int8": ("fp32", "tf32", "fp16", "bf16", "int8"),
}
HIGHEST: Final = "int8"  # the precision whose roof is above all others
LEAST_ERROR: Final = 0.05  # clocks move by so much from second to second
LEAST_LEFT: Final = 0.1  # share of a device; with less left, nothing is known of its peak


class Pass(NamedTuple):
    """What one pass through a model, or through a part of it, must do at least."""

    flops: float = 0.0  # of matrix products, convolutions and attention
    weights: float = 0.0  # elements read; of an embedding table only the rows that are looked up
    kept: float = 0.0  # elements of keys and values read from earlier passes
    moved: float = 0.0  # bytes of inputs and outputs

    def scaled(self, factor: float) -> "Pass":
        """Give the pass over so many times the rows: the same weights, all else in proportion."""
        return Pass(self.flops * factor, self.weights, self.kept * factor, self.moved * factor)

    def bytes(self, precision: str) -> float:
        """Give the least bytes that go between memory and processor."""
        return self.weights * WEIGHT_BYTES[precision] + self.kept * KEPT_BYTES[precision] + self.moved


class Work(Value):
    """What one call does: passes made once, and a step for each token after the first, which grows with every step."""

    once: tuple[Pass, ...]
    step: Pass | None = None
    growth: Pass = Pass()

    def passes(self, new_tokens: int) -> list[tuple[Pass, int]]:
        """Give the passes of a call that makes so many tokens, and how often each is made; steps by their mean."""
        found = [(each, 1) for each in self.once]
        steps = new_tokens - 1
        if self.step is not None and steps > 0:
            half = (steps - 1) / 2
            mean = Pass(*(first + half * more for first, more in zip(self.step, self.growth, strict=True)))
            found.append((mean, steps))
        return found

    def scaled(self, factor: float) -> "Work":
        """Give the work of a batch so many times as large."""
        step = None if self.step is None else self.step.scaled(factor)
        growth = self.growth.scaled(factor)
        return Work(once=tuple(each.scaled(factor) for each in self.once), step=step, growth=growth)


class Peak(Value):
    """The best of several measured rates per second, and by what share it may be too low."""

    rate: float
    error: float

    def widened(self, taken: float) -> "Peak":
        """Give the same rate with the error it has when others took that share of the device meanwhile."""
        left = max(1 - taken, LEAST_LEFT)
        return Peak(rate=self.rate, error=max(self.error, 1 / left - 1))

    def joined(self, other: "Peak") -> "Peak":
        """Give the higher rate; the true one is above neither measurement's error."""
        rate = max(self.rate, other.rate)
        highest = min(peak.rate * (1 + peak.error) for peak in (self, other))
        return Peak(rate=rate, error=max(LEAST_ERROR, highest / rate - 1))


class Bandwidth(Value):
    """Bytes per second over a working set of so many bytes, read and read again."""

    working_set: int
    peak: Peak


class Roof(Value):
    """What a device can do: FLOP/s by precision, bytes/s by working set, smallest first."""

    device: str
    compute: dict[str, Peak]
    bandwidths: tuple[Bandwidth, ...]

    def error(self) -> float:
        """Give the error of the peak that is known worst."""
        return max(peak.error for peak in (*self.compute.values(), *(at.peak for at in self.bandwidths)))

    def flops(self, precision: str) -> Peak:
        """Give the highest peak among what a runtime may compute in."""
        return max((self.compute[name] for name in COMPUTED_IN[precision] if name in self.compute), key=_rate)

    def bandwidth(self, working_set: float) -> Peak | None:
        """Give the highest bandwidth that a working set can have; None for one smaller than any that was measured.

        A larger set never has the higher bandwidth, so the next smaller measured one bounds it from above.
        """
        below = [index for index, each in enumerate(self.bandwidths) if each.working_set <= working_set]
        return max((each.peak for each in self.bandwidths[below[-1] :]), key=_rate) if below else None

    def widened(self, taken: float) -> "Roof":
        """Give the same rates with the errors they have when others took that share of the device meanwhile."""
        compute = {name: peak.widened(taken) for name, peak in self.compute.items()}
        wider = tuple(
            Bandwidth(working_set=each.working_set, peak=each.peak.widened(taken)) for each in self.bandwidths
        )
        return Roof(device=self.device, compute=compute, bandwidths=wider)

    def raised(self, other: "Roof") -> "Roof":
        """Join two measurements of the same device: the higher rate at every point, known as well as both say."""
        compute = {name: peak.joined(other.compute[name]) for name, peak in self.compute.items()}
        pairs = zip(self.bandwidths, other.bandwidths, strict=True)
        joined = tuple(Bandwidth(working_set=one.working_set, peak=one.peak.joined(two.peak)) for one, two in pairs)
        return Roof(device=self.device, compute=compute, bandwidths=joined)


class Position(NamedTuple):
    """Where a call stands below the roof."""

    flops: float
    bytes: float
    floor: float  # seconds that the roof allows at least
    seconds: float  # that the call took
    binds: Limit
    error: float  # the roof's, relative
    peak: float  # FLOP/s
    bandwidth: float | None  # bytes/s; None where the working set is too small to be bound by it

    @property
    def fraction(self) -> float:
        """Give the share of the roof that was reached."""
        return self.floor / self.seconds

    @property
    def above(self) -> bool:
        """Say whether the call was faster than the roof and its error allow."""
        return self.fraction > 1 + self.error


def position(
    work: Work, roof: Roof, *, precision: str, seconds: float, new_tokens: int | None, roof_of: str | None = None
) -> Position:
    """Compare the time of a call with the least that the roof allows, pass by pass.

    `roof_of` is the precision whose peak counts, where a runtime computes in another one than the weights have.
    """
    made = work.passes(new_tokens or 1)
    peak = roof.flops(roof_of or precision)
    bandwidth = roof.bandwidth(max(each.bytes(precision) for each, _ in made))
    slow = {"compute": 0.0, "memory": 0.0}
    for each, times in made:
        computing = each.flops / peak.rate
        reading = each.bytes(precision) / bandwidth.rate if bandwidth else 0.0
        slow["compute" if computing >= reading else "memory"] += times * max(computing, reading)
    binds: Limit = "compute" if slow["compute"] >= slow["memory"] else "memory"
    return Position(
        flops=math.fsum(each.flops * times for each, times in made),
        bytes=math.fsum(each.bytes(precision) * times for each, times in made),
        floor=slow["compute"] + slow["memory"],
        seconds=seconds,
        binds=binds,
        error=max(peak.error, bandwidth.error) if bandwidth else peak.error,
        peak=peak.rate,
        bandwidth=bandwidth.rate if bandwidth else None,
    )


def _rate(peak: Peak) -> float:
    return peak.rate
