"""Which results of two sides are the same work on the same kind of machine, and what keeps others from it. Pure."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final, NamedTuple

from farm.contract.job import JobSpec
from farm.queries.observations import Observation

NAMED: Final = 5  # differing fields that are told of one cell

Groups = dict[tuple[str, str], list[Observation]]  # by fingerprint of the work and of the machine


class Unmatched(NamedTuple):
    """A cell that only one side has, and what keeps it from the nearest one of the other side."""

    side: str
    cell: str
    differs: str


def grouped(results: Sequence[Observation], across: Sequence[str]) -> Groups:
    """Put results of the same work on the same kind of machine together, whatever they are told to differ in."""
    found: Groups = defaultdict(list)
    for each in results:
        what = _leveled(each.spec, across).fingerprint()
        found[what, "" if "machine" in across else each.machine_fingerprint].append(each)
    return dict(found)


def _leveled(spec: JobSpec, across: Sequence[str]) -> JobSpec:
    return spec.model_copy(update={name: "any" for name in across if name != "machine"})


def named(first: Observation, second: Observation) -> tuple[str, str]:
    """Name the cell and the machine of two results, with an arrow where they differ."""
    changes = {
        name: f"{getattr(first.spec, name)} → {getattr(second.spec, name)}"
        for name in ("platform", "precision")
        if getattr(first.spec, name) != getattr(second.spec, name)
    }
    machines = dict.fromkeys((first.machine, second.machine))
    return first.spec.model_copy(update=changes).cell(), " → ".join(machines)


def unmatched_of(side: str, own: Groups, other: Groups, *, across: Sequence[str]) -> tuple[Unmatched, ...]:
    """Name each cell that only this side has, with what differs from the nearest one of the other side."""
    others = [each[0] for each in other.values()]
    found = []
    for key, (mine, *_) in own.items():
        if key not in other:
            nearest = min((_differences(mine, each, across) for each in others), key=len, default=["no results"])
            told = ", ".join(nearest[:NAMED]) + (", …" if len(nearest) > NAMED else "")
            found.append(Unmatched(side, mine.spec.cell(), told))
    return tuple(found)


def _differences(mine: Observation, other: Observation, across: Sequence[str]) -> list[str]:
    """List the fields that make two results different work, or work on different machines, with both values."""
    a, b = _leveled(mine.spec, across), _leveled(other.spec, across)
    found = []
    for name in type(a).model_fields:
        values = getattr(a, name), getattr(b, name)
        if values[0] != values[1] and a.model_copy(update={name: values[1]}).fingerprint() != a.fingerprint():
            found.append(f"{name}: {_word(values[0])} / {_word(values[1])}")
    if "machine" not in across and mine.machine_fingerprint != other.machine_fingerprint:
        found.append(f"kind of machine: {mine.machine} / {other.machine}")
    return found


def _word(value: object) -> str:
    if isinstance(value, dict):
        return " ".join(f"{key}={each}" for key, each in sorted(value.items())) or "none"
    return str(getattr(value, "name", value))
