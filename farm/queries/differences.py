"""What differs between the circumstances of two results: software, machine, labels, options, how it was measured."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from farm.database import tables

#: Facts that differ from run to run without meaning: figures and times of one attempt.
OF_ONE_RUN: Final = frozenset({"roofline", "rerun"})


class Difference(NamedTuple):
    """One thing that differs, by its path as in `packages.torch`; None where it was not there."""

    what: str
    before: str | None
    after: str | None

    def words(self) -> str:
        """Say it in short, as in `packages.torch 2.11 → 2.12`."""
        return f"{self.what} {self.before or '–'} → {self.after or '–'}"


def differences(session: Session, before: int, after: int) -> list[Difference]:
    """Compare the circumstances of two attempts, given by their keys."""
    return differing(_circumstances(session, before), _circumstances(session, after))


def differing(before: Mapping[str, str], after: Mapping[str, str]) -> list[Difference]:
    """List what differs between two flat records, in the order of the first, then what is new."""
    names = dict.fromkeys([*before, *after])
    return [
        Difference(name, before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)
    ]


def flat(facts: Mapping[str, Any], path: str = "") -> dict[str, str]:
    """Write nested facts flat, each under its path; lists of records by their places."""
    found: dict[str, str] = {}
    for key, value in facts.items():
        name = f"{path}.{key}".lstrip(".")
        if isinstance(value, Mapping):
            found |= flat(value, name)
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            found |= flat({str(place): each for place, each in enumerate(value)}, name)
        elif value is not None:
            found[name] = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return found


def _circumstances(session: Session, attempt_id: int) -> dict[str, str]:
    row = session.execute(
        select(tables.Environment.facts.label("environment"), tables.Machine.facts.label("machine"))
        .add_columns(tables.Sweep.labels, tables.Job.spec, tables.Attempt.facts)
        .select_from(tables.Attempt)
        .join(tables.Environment, tables.Environment.id == tables.Attempt.environment_id)
        .join(tables.Machine, tables.Machine.id == tables.Attempt.machine_id)
        .join(tables.Job, tables.Job.id == tables.Attempt.job_id)
        .join(tables.Sweep, tables.Sweep.id == tables.Job.sweep_id)
        .where(tables.Attempt.id == attempt_id)
    ).one()
    ran = {name: value for name, value in (row.facts or {}).items() if name not in OF_ONE_RUN}
    return {
        **flat(row.environment),
        **flat(row.machine, "machine"),
        **flat(row.labels, "label"),
        **flat(row.spec["options"], "option"),
        **flat(row.spec["measure"], "measure"),
        **flat(ran, "ran"),
    }
