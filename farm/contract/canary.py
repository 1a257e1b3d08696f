"""What a canary is: the tag that its machine alone offers, the work it does, and whether its figure drifts. Pure.

A canary is a small job that every machine repeats, so that a machine which has become slower, or faster, is noticed
before its results are believed.
"""

from collections.abc import Sequence
from enum import StrEnum
from statistics import median
from typing import Final, NamedTuple

from farm.contract.job import JobSpec, Measure, ModelReference
from farm.contract.machine import Machine
from farm.contract.requirement import Offer, Requirement
from farm.contract.value import digest

METRIC: Final = "latency"
LEAST: Final = 5  # earlier canaries that a figure is held against
MOST: Final = 20  # the latest of them
EFFECT: Final = 0.15  # relative difference below which nothing is said, however steady the machine was
SPREADS: Final = 4.0  # a figure this many spreads away from the others is none of them
TO_STDDEV: Final = 1.4826  # a median absolute deviation times this estimates a standard deviation of normal figures

MEASURE: Final = Measure(min_iterations=50, min_seconds=1, max_seconds=5, warmup_seconds=5)
PREFIX: Final = "canary:"
SWEEP: Final = "canary"  # the name of the sweeps of canaries, which have no file


class CanaryStanding(StrEnum):
    """What a canary says of its machine."""

    LEARNING = "learning"  # too few earlier ones to say anything
    WELL = "well"
    OFF = "off"  # beyond the others; a second run decides
    DRIFTS = "drifts"  # beyond the others, as the one before it was
    DISTURBED = "disturbed"  # other processes had the box meanwhile: it says nothing of the machine


class Judgement(NamedTuple):
    """What was said, and the figures it was said by. In seconds."""

    standing: CanaryStanding
    seconds: float
    usual: float | None  # the median of the earlier ones; None while learning
    spread: float | None  # of the earlier ones, as a standard deviation
    earlier: int

    def words(self) -> str:
        """Say it for people."""
        if self.usual is None:
            return f"{self.seconds * 1000:.3g} ms, to be compared once there are {LEAST} of them"
        change = f"{abs(self.seconds / self.usual - 1):.0%} {'more' if self.seconds > self.usual else 'less'}"
        return (
            f"{self.seconds * 1000:.3g} ms, {change} than the {self.usual * 1000:.3g} ms of {self.earlier} earlier ones"
        )


def judge_canary(seconds: float, earlier: Sequence[float], *, last_was_off: bool, disturbed: bool = False) -> Judgement:
    """Hold a figure against those of earlier canaries that were well, the latest of them last.

    One that was `disturbed` by others is neither learnt from nor held against the machine.
    """
    latest = earlier[-MOST:]
    if len(latest) < LEAST:
        standing = CanaryStanding.DISTURBED if disturbed else CanaryStanding.LEARNING
        return Judgement(standing, seconds, None, None, len(latest))
    usual = median(latest)
    spread = TO_STDDEV * median(abs(each - usual) for each in latest)
    standing = CanaryStanding.WELL
    if abs(seconds - usual) > max(EFFECT * usual, SPREADS * spread):
        standing = CanaryStanding.DRIFTS if last_was_off else CanaryStanding.OFF
        standing = CanaryStanding.DISTURBED if disturbed else standing
    return Judgement(standing, seconds, usual, spread, len(latest))


def canary_tag(machine: Machine, platform: str) -> str:
    """Give the tag that workers of this platform on this machine offer, and no others."""
    return f"{PREFIX}{platform}:{digest([machine.host_id, machine.fingerprint()], length=12)}"


def canary_tags(offer: Offer) -> tuple[str, ...]:
    """Give the tags of the canaries that a worker can run."""
    return tuple(sorted(tag for tag in offer.tags if _platform(tag)))


def canary_spec(tag: str) -> JobSpec:
    """Give the job of a canary: the smallest model of the zoo, or none at all on the fake platform."""
    platform = _platform(tag)
    name, family = ("fake-model", "fake") if platform == "fake" else ("bert-tiny", "text_embedding")
    return JobSpec(
        model=ModelReference(name=name, source="zoo", location=name, family=family),
        platform=platform,
        precision="fp32",
        sequence_length=None if platform == "fake" else 128,
        measure=MEASURE,
        requirement=Requirement(tags=(tag,)),
    )


def at_rest(offer: Offer) -> Offer:
    """Give what is left of an offer while its machine takes no jobs: its canaries, which may end the rest."""
    return Offer(tags=frozenset(canary_tags(offer)), facts=offer.facts)


def _platform(tag: str) -> str:
    """Give the platform of a canary's tag; empty where it is none."""
    parts = tag.split(":")
    return parts[1] if tag.startswith(PREFIX) and len(parts) == 3 else ""
