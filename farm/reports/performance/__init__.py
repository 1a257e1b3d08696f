"""The performance report of one sweep: what is fastest, a table per family, what was proven, what failed, and how."""

from collections.abc import Sequence
from functools import partial
from typing import Final

from sqlalchemy.orm import Session

from farm.contract.doubts import MEANING, DoubtKind
from farm.contract.errors import UnknownName
from farm.queries.acceleration import acceleration
from farm.queries.duty import MEANING as DUTY_MEANING
from farm.queries.duty import duty_of
from farm.queries.filters import Filters
from farm.queries.jobs import part_of
from farm.queries.results import ResultRow, find_results
from farm.queries.sweeps import get_sweep
from farm.queries.verifications import of_sweep
from farm.reports.document import Column, Document, Section, Table
from farm.reports.formats import render
from farm.reports.kinds._asked import part_command
from farm.reports.performance import families, glance, insights, roofline, scenarios, speed_ups, status
from farm.sweeps.catalogue import Catalogue

METHOD: Final = (
    "Every job ran in a fresh process on a device that no other job of the farm used. Calls were warmed up until the "
    "medians of neighbouring windows agreed within 5 %, then timed with nothing in the loop but the call and two clock "
    "reads, garbage collection off. The interval bounds the median with 95 % confidence, from order statistics. "
    "Percentiles are given only where the number of samples supports them.",
    "REAL is earned: the weights counted against the published model, the place of execution asked from the runtime, "
    "the outputs of timed calls compared with PyTorch's on the CPU in fp32, the reaction to another input, and the "
    "time: against the device's measured roofline, the process's own time at work, and its growth with more work. "
    "SUSPECT and MOCK results are shown and never compared.",
    "Memory is the growth of the resident set from before loading to its peak. It includes what the runtime maps.",
)
LONG: Final = ("Roofline", "Doubts", "Environment", "Method")
COMPARED: Final = ("platform", "precision")  # in which a result and its base may differ
#: What a terminal has no room for; the files hold all.
NOT_BRIEF: Final = ("latency_p95", "throughput", "memory_of")


def build(session: Session, public_id: str, *, catalogue: Catalogue, part: Filters | None = None) -> Document:
    """Put the report of a sweep together, or of a part of its jobs; what these are compared with may be another part.

    Raises: UnknownName when there is no such sweep or part of it, or the sweep holds verifications.
    """
    sweep = get_sweep(session, public_id)
    if of_sweep(session, sweep.public_id):
        raise UnknownName(f"sweep {sweep.public_id} holds verifications and no results; `farm results show` tells them")
    part = part or {}
    jobs = part_of(session, sweep.public_id, part)
    place = {job.public_id: position for position, job in enumerate(jobs)}
    everything = find_results(session, {"sweep": sweep.public_id})
    rows = sorted((row for row in everything if row.job in place), key=lambda row: place[row.job])
    compared = acceleration(rows, among=everything)
    platforms = tuple(sorted({row.platform for row in everything}))
    results = partial(part_command, "results", sweep.public_id, count=len(rows))
    ranked = {"verdict": "real", "scenario": "latency"}
    sections = _from(results(part | ranked | {"sort": "latency"}), glance.section(sweep, rows, compared))
    sections += insights.sections(rows, jobs, compared)
    for family in dict.fromkeys(row.family for row in rows):
        alike = [row for row in rows if row.family == family]
        told = [families.section(family, single, catalogue, platforms=platforms)] if (single := _single(alike)) else []
        sections += _from(results(part | {"family": family}), *told, *scenarios.sections(family, alike))
    listed = part_command("jobs list", sweep.public_id, part, count=len(jobs))
    sections += _from(listed, *status.sections(rows, jobs, catalogue))
    both = {word: value for word, value in part.items() if word not in COMPARED} | ranked
    sections += _from(results(both), *speed_ups.sections(compared, platforms=platforms))
    sections += _from(results(part | {"metric": "roofline_fraction"}), *roofline.sections(rows))
    sections += _from(listed, *status.troubles(jobs))
    spent = duty_of(session, sweep.public_id).words()
    method = (*METHOD, f"{spent} {DUTY_MEANING}") if spent else METHOD
    sections += [*_from(results(part), *_doubts(rows), *_environment(rows)), Section("Method", method)]
    return Document(", ".join([f"Performance of {sweep.name}", *part.values()]), tuple(sections))


def _single(rows: Sequence[ResultRow]) -> list[ResultRow]:
    return [row for row in rows if row.of_single_calls()]


def _from(command: str, *sections: Section) -> list[Section]:
    """Say of every table which command asks for the same rows."""
    return [
        section._replace(tables=tuple(table._replace(command=command) for table in section.tables))
        for section in sections
    ]


def brief(document: Document) -> str:
    """Write the part of a report that fits a terminal: what is fastest, the main figures, what is not measured."""
    kept = [section for section in document.sections if section.title not in LONG]
    return render(Document(document.title, tuple(map(_narrow, kept))), "table")


def _narrow(section: Section) -> Section:
    """Leave out what stands right of the doubts, and what reads well only on a page."""
    return section._replace(tables=tuple(_without(table) for table in section.tables))


def _without(table: Table) -> Table:
    keys = [column.key for column in table.columns]
    last = keys.index("doubts") if "doubts" in keys else len(keys)
    kept = [place for place, key in enumerate(keys) if place <= last and key not in NOT_BRIEF]
    rows = tuple(tuple(row[place] for place in kept) for row in table.rows)
    return Table(tuple(table.columns[place] for place in kept), rows, table.note)


def _doubts(rows: Sequence[ResultRow]) -> list[Section]:
    kinds = sorted({kind for row in rows for kind in row.doubts})
    cells = tuple((kind, sum(kind in row.doubts for row in rows), MEANING[DoubtKind(kind)]) for kind in kinds)
    columns = (
        Column("doubt", "Doubt", badges=True),
        Column("results", "Results", "1"),
        Column("meaning", "Meaning"),
    )
    return [Section("Doubts", (), (Table(columns, cells),))] if cells else []


def _environment(rows: Sequence[ResultRow]) -> list[Section]:
    cells: dict[tuple[str, str], None] = {}
    for row in rows:
        cells[("machine", f"{row.machine}: {row.machine_words()}; fingerprint {row.machine_fingerprint}")] = None
        cells[("python", str(row.environment["python"]))] = None
        cells[("kernel", str(row.environment["kernel"]))] = None
        for name, version in sorted((row.environment["packages"] | row.environment["drivers"]).items()):
            cells[(name, str(version))] = None
        if "threads" in row.facts:
            cells[("threads", str(row.facts["threads"]))] = None
    columns = (Column("what", "What"), Column("value", "Value"))
    return [Section("Environment", (), (Table(columns, tuple(cells)),))] if cells else []
