"""What the results of each model proved on each platform, and which jobs have no result and why."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from farm.contract.evidence import FAKE, Layer, by_layer
from farm.contract.states import JobState
from farm.queries.jobs import JobRow
from farm.queries.results import ResultRow
from farm.reports.document import Column, Section, Table
from farm.reports.proof import why
from farm.sweeps.catalogue import Catalogue

STATUS: Final = {JobState.UNSUPPORTED: "UNSUPPORTED", JobState.FAILED: "FAILED"}
NOT_RUN: Final = "NOT RUN"
REAL: Final = "REAL"
COUNTED: Final = "parameters_in_files"  # the figure of identity that counts a model's parameters
#: In this order, so that what needs a look stands first.
WORDS: Final = ("MOCK", "SUSPECT", "FAILED", REAL, "FAKE", "UNSUPPORTED", NOT_RUN)


def sections(rows: Sequence[ResultRow], jobs: Sequence[JobRow], catalogue: Catalogue) -> list[Section]:
    """Say of each model on each platform how many of its cells proved what, and what keeps the others from REAL."""
    return [_status(rows, jobs, catalogue), *not_real(rows)]


def outcomes(rows: Sequence[ResultRow], jobs: Sequence[JobRow]) -> dict[str, str]:
    """Give the word for what became of each job: what its result proved, or why it has none."""
    told = {row.job: row.told() for row in rows}
    return {job.public_id: told.get(job.public_id) or STATUS.get(JobState(job.state), NOT_RUN) for job in jobs}


def _status(rows: Sequence[ResultRow], jobs: Sequence[JobRow], catalogue: Catalogue) -> Section:
    platforms = list(dict.fromkeys(job.platform for job in jobs))
    told = outcomes(rows, jobs)
    counts: dict[tuple[str, str], Counter[str]] = {}
    for job in jobs:
        counts.setdefault((job.model, job.platform), Counter())[told[job.public_id]] += 1
    columns = (
        Column("model", "Model"),
        Column("stands_for", "Stands for"),
        Column("parameters", "Parameters", "1"),
        *(Column(platform, platform, badges=True) for platform in platforms),
    )
    found = {row.model: _parameters(row) for row in rows}
    cells = []
    for model in dict.fromkeys(job.model for job in jobs):
        entry = catalogue.models.get(model)
        told_of = [words(counts.get((model, platform), Counter())) for platform in platforms]
        cells.append((model, entry.stands_for if entry else "as given", found.get(model), *told_of))
    total = sum(counts.values(), Counter[str]())
    note = (
        "How many cells of each kind there are, by the evidence of each alone. Parameters as counted in the weight "
        "files."
    )
    return Section("Implementation status", (count(total, len(jobs)),), (Table(columns, tuple(cells), note),))


def count(total: Counter[str], jobs: int) -> str:
    """Write the count, as in `24 of 26 REAL, 2 UNSUPPORTED`."""
    others = [f"{total[word]} {word}" for word in WORDS if total[word] and word != REAL]
    return ", ".join([f"{total[REAL]} of {jobs} {REAL}", *others]) + "."


def _parameters(row: ResultRow) -> int | None:
    """Give the parameters in the weight files, as the evidence of identity has them."""
    identity = by_layer(row.evidence).get(Layer.IDENTITY)
    count = identity.figures.get(COUNTED) if identity else None
    return count if isinstance(count, int) else None


def not_real(rows: Sequence[ResultRow]) -> list[Section]:
    """List what keeps each result from being real, layer by layer."""
    columns = (
        Column("result", "Result"),
        Column("cell", "Cell"),
        Column("verdict", "Verdict", badges=True),
        Column("layer", "Layer"),
        Column("outcome", "Outcome", badges=True),
        Column("reason", "Reason"),
    )
    cells = tuple(
        (row.attempt, f"{row.model} x {row.variant()} {row.settings()}", row.told(), *line)
        for row in rows
        if row.told() != REAL and row.platform != FAKE
        for line in why(row.evidence)
    )
    note = "farm results show ID tells all evidence with its figures, farm verify ID gathers it again."
    return [Section("Not proven", (), (Table(columns, cells, note),))] if cells else []


def troubles(jobs: Sequence[JobRow]) -> list[Section]:
    """List the jobs without a result: failed and open ones each, unsupported ones by their reason."""
    columns = (
        Column("job", "Job"),
        Column("cell", "Cell"),
        Column("state", "State", badges=True),
        Column("reason", "Reason"),
    )
    quiet = (JobState.DONE, JobState.UNSUPPORTED)
    cells = tuple((job.public_id, job.cell, job.state, job.reason) for job in jobs if job.state not in quiet)
    note = "farm jobs show ID tells the history of a job, farm jobs logs ID what its process wrote."
    found = [Section("Not measured", (), (Table(columns, cells, note),))] if cells else []
    return [*found, *_unsupported([job for job in jobs if job.state == JobState.UNSUPPORTED])]


def words(counts: Counter[str]) -> str:
    """Write how many cells of each kind there are, as in `REAL 2, FAILED 1`."""
    return ", ".join(f"{word} {counts[word]}" for word in WORDS if counts[word])


def _unsupported(jobs: Sequence[JobRow]) -> list[Section]:
    by_reason: dict[str, list[JobRow]] = {}
    for job in jobs:
        by_reason.setdefault(job.reason, []).append(job)
    columns = (Column("reason", "Reason"), Column("jobs", "Jobs", "1"), Column("example", "For example"))
    cells = tuple((reason, len(alike), alike[0].cell) for reason, alike in by_reason.items())
    note = "By their nature, not by a fault: these cells exist in the sweep and cannot be run."
    return [Section("Unsupported", (), (Table(columns, cells, note),))] if cells else []
