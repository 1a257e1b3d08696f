"""What differs between the circumstances of two results: software, machine, labels, options, how it was measured."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from farm.database import tables
from farm.queries.parts import batches, rows_of

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


def differences(session: Session, pairs: Sequence[tuple[int, int]]) -> list[list[Difference]]:
    """Compare the circumstances of pairs of attempts, given by their keys; each is read once, all in a few queries."""
    found = _circumstances(session, list(dict.fromkeys(key for pair in pairs for key in pair)))
    return [differing(found[before], found[after]) for before, after in pairs]


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


def _circumstances(session: Session, keys: Sequence[int]) -> dict[int, dict[str, str]]:
    """Give what every attempt ran in, flat; what many share is read and written flat once."""
    chosen = (
        select(tables.Attempt.id, tables.Attempt.environment_id, tables.Attempt.machine_id, tables.Attempt.facts)
        .add_columns(tables.Job.sweep_id, tables.Job.spec)
        .join(tables.Job, tables.Job.id == tables.Attempt.job_id)
    )
    rows = [row for batch in batches(keys) for row in session.execute(chosen.where(tables.Attempt.id.in_(batch)))]
    environments = rows_of(session, tables.Environment, [row.environment_id for row in rows])
    machines = rows_of(session, tables.Machine, [row.machine_id for row in rows])
    labels = _labels(session, {row.sweep_id for row in rows})
    software = {key: flat(each.facts) for key, each in environments.items()}
    hardware = {key: flat(each.facts, "machine") for key, each in machines.items()}
    return {
        row.id: {
            **software[row.environment_id],
            **hardware[row.machine_id],
            **labels[row.sweep_id],
            **flat(row.spec["options"], "option"),
            **flat(row.spec["measure"], "measure"),
            **flat({name: value for name, value in (row.facts or {}).items() if name not in OF_ONE_RUN}, "ran"),
        }
        for row in rows
    }


def _labels(session: Session, sweeps: set[int]) -> dict[int, dict[str, str]]:
    found: dict[int, dict[str, str]] = {}
    for batch in batches([*sweeps]):
        rows = session.execute(select(tables.Sweep.id, tables.Sweep.labels).where(tables.Sweep.id.in_(batch)))
        found |= {row.id: flat(row.labels, "label") for row in rows}
    return found
