"""The performance report of one sweep: a table per family, implementation status, acceleration, failures, method."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy.orm import Session

from farm.contract.doubts import MEANING, DoubtKind
from farm.contract.metrics import METRICS
from farm.contract.states import JobState
from farm.queries.acceleration import SpeedUp, geometric_mean, speed_ups
from farm.queries.jobs import JobRow, list_jobs
from farm.queries.results import ResultRow, find_results
from farm.queries.sweeps import get_sweep
from farm.reports.document import Cell, Column, Document, Section, Table
from farm.reports.formats import render
from farm.sweeps.catalogue import Catalogue

COMMON: Final = (
    Column("model", "Model"),
    Column("platform", "Platform"),
    Column("precision", "Precision"),
    Column("batch_size", "Batch", "1"),
    Column("throughput", "Items/s", "items/s"),
    Column("latency_p50", "Latency p50", "s"),
    Column("latency_p95", "p95", "s"),
    Column("interval", "± of p50", "%"),
    Column("n", "n", "1"),
    Column("memory_growth", "Memory", "bytes"),
)
STATUS: Final = {JobState.UNSUPPORTED: "UNSUPPORTED", JobState.FAILED: "FAILED"}
METHOD: Final = (
    "Every job ran in a fresh process on a device that no other job of the farm used. Calls were warmed up until the "
    "medians of neighbouring windows agreed within 5 %, then timed with nothing in the loop but the call and two clock "
    "reads, garbage collection off. The interval bounds the median with 95 % confidence, from order statistics. "
    "Percentiles are given only where the number of samples supports them.",
    "REAL is earned: the weights counted against the published model, the place of execution asked from the runtime, "
    "the outputs of timed calls compared with PyTorch's on the CPU in fp32, and the reaction to another input. "
    "SUSPECT and MOCK results are shown and never compared.",
    "Memory is the growth of the resident set from before loading to its peak. It includes what the runtime maps.",
)


def build(session: Session, public_id: str, *, catalogue: Catalogue) -> Document:
    """Put the report of a sweep together.

    Raises: UnknownName when there is no such sweep.
    """
    sweep = get_sweep(session, public_id)
    jobs = list_jobs(session, sweep=sweep.public_id)
    place = {job.public_id: position for position, job in enumerate(jobs)}
    rows = sorted(find_results(session, {"sweep": sweep.public_id}), key=lambda row: place[row.job])
    states = ", ".join(f"{count} {state}" for state, count in sorted(sweep.states.items()))
    head = f"Sweep {sweep.public_id}, submitted {sweep.created_at:%Y-%m-%d %H:%M} UTC: {states}."
    sections = [Section("", (head,))]
    for family in dict.fromkeys(row.family for row in rows):
        sections.append(_family(family, [row for row in rows if row.family == family], catalogue))
    sections += [_status(rows, jobs, catalogue), *_acceleration(speed_ups(rows)), *_troubles(jobs)]
    sections += [*_doubts(rows), _environment(rows), Section("Method", METHOD)]
    return Document(f"Performance of {sweep.name}", tuple(sections))


def brief(document: Document) -> str:
    """Write the part of a report that fits a terminal: its tables of figures, status and acceleration."""
    left_out = ("Environment", "Doubts")
    kept = [section for section in document.sections if section.tables and section.title not in left_out]
    return render(Document(document.title, tuple(kept)), "table")


def _family(family: str, rows: Sequence[ResultRow], catalogue: Catalogue) -> Section:
    entry = catalogue.families.get(family)
    own = [METRICS[name] for name in (entry.columns if entry else ()) if any(name in row.metrics for row in rows)]
    axes = [axis for axis in ("sequence_length", "new_tokens") if any(getattr(row, axis) for row in rows)]
    columns = (
        *COMMON[:4],
        *(Column(axis, {"sequence_length": "Tokens in", "new_tokens": "Tokens out"}[axis], "1") for axis in axes),
        *COMMON[4:],
        *(Column(metric.name, f"{metric.title}{_spoken(metric.unit)}", metric.unit) for metric in own),
        Column("verdict", "Verdict"),
        Column("doubts", "Doubts"),
    )
    cells = tuple(_cells(row, axes, [metric.name for metric in own]) for row in rows)
    item = f" One item is one {entry.item}." if entry else ""
    note = f"Latency is of one whole call; times of parts are medians.{item} Fake results measure nothing."
    return Section(family.replace("_", " ").capitalize(), (), (Table(columns, cells, note),))


def _spoken(unit: str) -> str:
    return f" ({unit})" if unit in ("tokens/s", "items/s") else ""


def _cells(row: ResultRow, axes: Sequence[str], own: Sequence[str]) -> tuple[Cell, ...]:
    latency = row.metrics["latency"]
    width = None
    if latency.ci_low is not None and latency.ci_high is not None:
        width = (latency.ci_high - latency.ci_low) / 2 / latency.median * 100
    return (
        row.model,
        row.platform,
        row.precision,
        row.batch_size,
        *(getattr(row, axis) for axis in axes),
        row.median("throughput"),
        latency.median,
        latency.p95,
        width,
        latency.n,
        row.median("memory_growth"),
        *(row.median(name) for name in own),
        "FAKE" if row.platform == "fake" else row.verdict.upper(),
        ", ".join(row.doubts),
    )


def _status(rows: Sequence[ResultRow], jobs: Sequence[JobRow], catalogue: Catalogue) -> Section:
    """Say of each model on each platform what its results proved; the worst cell speaks for all."""
    platforms = list(dict.fromkeys(job.platform for job in jobs))
    verdicts: dict[tuple[str, str], set[str]] = {}
    for row in rows:
        told = "FAKE" if row.platform == "fake" else row.verdict.upper()
        verdicts.setdefault((row.model, row.platform), set()).add(told)
    for job in jobs:
        if job.state != JobState.DONE:
            told = STATUS.get(JobState(job.state), "NOT RUN")
            verdicts.setdefault((job.model, job.platform), set()).add(told)
    columns = (
        Column("model", "Model"),
        Column("stands_for", "Stands for"),
        Column("parameters", "Parameters", "1"),
        *(Column(platform, platform) for platform in platforms),
    )
    found = {row.model: row.facts.get("parameters") for row in rows}
    cells = []
    for model in dict.fromkeys(job.model for job in jobs):
        entry = catalogue.models.get(model)
        words = [", ".join(sorted(verdicts.get((model, platform), {"NOT RUN"}))) for platform in platforms]
        cells.append((model, entry.stands_for if entry else "as given", found.get(model), *words))
    note = "Several words: the precisions differ, see the tables above. Parameters as counted in the weight files."
    return Section("Implementation status", (), (Table(columns, tuple(cells), note),))


def _acceleration(found: Sequence[SpeedUp]) -> list[Section]:
    if not found:
        return []
    columns = (
        Column("model", "Model"),
        Column("platform", "Platform"),
        Column("compared", "Compared with cpu at"),
        Column("precision", "Its precision"),
        Column("speed_up", "Speed-up", "x"),
        Column("memory_ratio", "Memory ratio", "x"),
        Column("doubted", "Doubted"),
    )
    cells: list[tuple[Cell, ...]] = [
        (
            each.model,
            each.platform,
            "fp32, best of each" if each.kind == "best" else each.kind,
            each.precision,
            each.speed_up,
            each.memory_ratio,
            "yes" if each.doubted else "",
        )
        for each in sorted(found, key=lambda each: (each.kind, each.platform))
    ]
    for kind, platform in dict.fromkeys((each.kind, each.platform) for each in found):
        alike = [each for each in found if (each.kind, each.platform) == (kind, platform) and not each.doubted]
        if not alike:
            continue
        memory = [each.memory_ratio for each in alike if each.memory_ratio]
        mean = geometric_mean(memory) if memory else None
        speed = geometric_mean([each.speed_up for each in alike])
        shown = "fp32, best of each" if kind == "best" else kind
        cells.append((f"geometric mean of {len(alike)}", platform, shown, "", speed, mean, ""))
    note = (
        "Above 1 is faster than PyTorch on the CPU of the same machine; a memory ratio below 1 is less memory. "
        "Means leave doubted pairs out."
    )
    return [Section("Acceleration", (), (Table(columns, tuple(cells), note),))]


def _troubles(jobs: Sequence[JobRow]) -> list[Section]:
    columns = (Column("job", "Job"), Column("cell", "Cell"), Column("state", "State"), Column("reason", "Reason"))
    cells = tuple((job.public_id, job.cell, job.state, job.reason) for job in jobs if job.state != JobState.DONE)
    return [Section("Not measured", (), (Table(columns, cells),))] if cells else []


def _doubts(rows: Sequence[ResultRow]) -> list[Section]:
    kinds = sorted({kind for row in rows for kind in row.doubts})
    cells = tuple((kind, sum(kind in row.doubts for row in rows), MEANING[DoubtKind(kind)]) for kind in kinds)
    columns = (Column("doubt", "Doubt"), Column("results", "Results", "1"), Column("meaning", "Meaning"))
    return [Section("Doubts", (), (Table(columns, cells),))] if cells else []


def _environment(rows: Sequence[ResultRow]) -> Section:
    cells: dict[tuple[str, str], None] = {}
    for row in rows:
        cells[("machine", f"{row.machine} ({row.machine_fingerprint})")] = None
        cells[("python", str(row.environment["python"]))] = None
        cells[("kernel", str(row.environment["kernel"]))] = None
        for name, version in sorted(row.environment["packages"].items()):
            cells[(name, str(version))] = None
        cells[("threads", str(row.facts.get("threads", "–")))] = None
    columns = (Column("what", "What"), Column("value", "Value"))
    return Section("Environment", (), (Table(columns, tuple(cells)),))
