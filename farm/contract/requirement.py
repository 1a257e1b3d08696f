"""What a job needs of a machine, in one canonical form with one queue name, and whether an offer meets it."""

from typing import Final

from farm.contract.machine import GIB, Machine
from farm.contract.value import Value, digest

QUEUE_PREFIX: Final = "farm.v1"
LONGEST_QUEUE_NAME: Final = 100

#: Facts of a machine that a sweep may ask a minimum of, with their meaning.
NUMERIC_FACTS: Final[dict[str, str]] = {
    "memory_gib": "memory of the machine in GiB",
    "cores": "physical cores",
    "threads": "logical processors",
    "gpus": "number of GPUs",
    "gpu_memory_gib": "memory of the largest GPU in GiB",
}


class Offer(Value):
    """What a worker offers: its tags and the numeric facts of its machine."""

    tags: frozenset[str]
    facts: dict[str, float]


class Requirement(Value):
    """Tags that must all be there, least values of numeric facts, and optionally the one machine (by name)."""

    tags: tuple[str, ...]
    minimum: dict[str, float] = {}
    machine: str | None = None

    def canonical(self) -> "Requirement":
        """Sort and lower-case, so that equal needs give equal queues."""
        return Requirement(
            tags=tuple(sorted({tag.strip().lower() for tag in self.tags})),
            minimum=dict(sorted(self.minimum.items())),
            machine=self.machine,
        )

    def queue(self) -> str:
        """Name the queue of this requirement: readable, stable, and short (a long one ends in a hash)."""
        need = self.canonical()
        parts = [*need.tags, *(f"{fact}{value:g}" for fact, value in need.minimum.items())]
        if need.machine:
            parts.append(f"on-{need.machine}")
        name = ".".join([QUEUE_PREFIX, *(part.replace(":", "-").replace(".", "_") for part in parts)])
        if len(name) <= LONGEST_QUEUE_NAME and name.replace(".", "").replace("-", "").replace("_", "").isalnum():
            return name
        return f"{QUEUE_PREFIX}.{digest(need.model_dump(mode='json'))}"

    def unmet(self, offer: Offer) -> tuple[str, ...]:
        """Say in words what `offer` lacks; empty when it fits."""
        lacks = [tag for tag in self.tags if tag not in offer.tags]
        for fact, least in self.minimum.items():
            if offer.facts.get(fact, 0) < least:
                lacks.append(f"{fact} >= {least:g} (has {offer.facts.get(fact, 0):g})")
        if self.machine and f"machine:{self.machine}" not in offer.tags:
            lacks.append(f"machine {self.machine}")
        return tuple(lacks)

    def words(self) -> str:
        """Say the requirement for people, as in `cuda, gpu_memory_gib >= 40`."""
        parts = [*self.tags, *(f"{fact} >= {value:g}" for fact, value in self.minimum.items())]
        return ", ".join([*parts, f"machine {self.machine}"] if self.machine else parts)


def offer_of(machine: Machine, tags: frozenset[str]) -> Offer:
    """Build the offer of a worker on `machine` with `tags`; the machine's name and its class become tags."""
    facts = {
        "memory_gib": machine.memory_bytes / GIB,
        "cores": float(machine.cores),
        "threads": float(machine.threads),
        "gpus": float(len(machine.gpus)),
        "gpu_memory_gib": max((gpu.memory_bytes / GIB for gpu in machine.gpus), default=0.0),
    }
    return Offer(tags=tags | {f"machine:{machine.name}", class_tag(machine.fingerprint())}, facts=facts)


def class_tag(fingerprint: str) -> str:
    """Give the tag of all machines that are alike, by their fingerprint."""
    return f"class:{fingerprint}"
