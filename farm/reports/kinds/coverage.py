"""What of a sweep ran, what failed, what cannot be run and why: model by platform and precision."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

from sqlalchemy.orm import Session

from farm.contract.errors import UnknownName
from farm.queries.jobs import JobRow, part_of
from farm.queries.results import find_results
from farm.queries.sweeps import LAST, SweepRow, get_sweep
from farm.queries.verifications import of_sweep
from farm.reports.chart import Axis, Chart, Drawn, Mark, Series
from farm.reports.document import Cell, Column, Document, Section, Table
from farm.reports.kinds import Request
from farm.reports.kinds._asked import part_asked, part_command
from farm.reports.performance import status

Place = tuple[str, str]  # platform and precision

WORDS: Final = "[SWEEP]"
TAKES: Final = ("question",)
#: The colour of each outcome: that of its word on a page, as near as the pictures' own come.
COLOURS: Final = {
    status.REAL: 2,
    "FAKE": 5,
    "SUSPECT": 4,
    "MOCK": 3,
    "FAILED": 1,
    "UNSUPPORTED": 7,
    status.NOT_RUN: 6,
}
NOTE: Final = (
    "How many cells of each kind there are. REAL, SUSPECT and MOCK have a result and are told apart by its evidence. "
    "FAILED has none. NOT RUN is what waits, runs or was cancelled. A dash: the sweep asks for no such cell."
)

HINT: Final = {
    "Failed": "farm jobs show ID tells every attempt of a job, farm jobs logs ID what its process wrote.",
    "Unsupported": "By their nature, not by a fault: these cells exist in the sweep and cannot be run.",
    "Not run": "farm sweep show tells how far the sweep is, farm machines who could take its jobs.",
}


def build(session: Session, request: Request) -> Document:
    """Tell how much of a sweep, the newest unless one is named, has a result, and why the rest has none.

    Filters narrow it to some of its jobs. Raises: UnknownName, UserMistake for filters that are not of jobs.
    """
    sweep = get_sweep(session, request.words[0] if request.words else LAST)
    if of_sweep(session, sweep.public_id):
        raise UnknownName(f"sweep {sweep.public_id} holds verifications; `farm results show` tells them")
    part = part_asked(request.question)
    jobs = part_of(session, sweep.public_id, part)
    rows = find_results(session, {**part, "sweep": sweep.public_id}, metrics=())
    told = status.outcomes(rows, jobs)
    doubted = sum(bool(row.doubts) for row in rows)

    def listed(**more: str) -> str:
        return part_command("jobs list", sweep.public_id, {**part, **more}, count=len(jobs))

    sections = [
        _matrix(sweep, jobs, told=told, doubted=doubted, command=listed()),
        *(_by_reason("Failed", listed, [job for job in jobs if told[job.public_id] == "FAILED"])),
        *(_by_reason("Unsupported", listed, [job for job in jobs if told[job.public_id] == "UNSUPPORTED"])),
        *(_by_reason("Not run", listed, [job for job in jobs if told[job.public_id] == status.NOT_RUN])),
        *_from(part_command("results", sweep.public_id, part, count=len(rows)), status.not_real(rows)),
    ]
    return Document(", ".join([f"Coverage of {sweep.name}", *part.values()]), tuple(sections))


def _matrix(sweep: SweepRow, jobs: Sequence[JobRow], *, told: dict[str, str], doubted: int, command: str) -> Section:
    places, models = _places(jobs), list(dict.fromkeys(job.model for job in jobs))
    counts: dict[tuple[str, str, str], Counter[str]] = {}
    for job in jobs:
        counts.setdefault((job.model, job.platform, job.precision), Counter())[told[job.public_id]] += 1
    total = sum(counts.values(), Counter[str]())
    columns = (
        Column("model", "Model"),
        *(Column(f"{platform} {precision}", f"{platform} {precision}", badges=True) for platform, precision in places),
    )
    cells = tuple((model, *(_outcome(counts.get((model, *place))) for place in places)) for model in models)
    labels = "".join(f", {key}: {value}" for key, value in sweep.labels.items())
    paragraphs = (
        f"Sweep {sweep.public_id} of {sweep.created_at:%Y-%m-%d %H:%M} UTC{labels}.",
        f"{status.count(total, len(jobs))} {_share(total, len(jobs))}{_doubts(doubted)}",
    )
    table = Table(columns, cells, NOTE, command)
    by_place = {
        place: sum((counts.get((row, *place), Counter()) for row in models), Counter[str]()) for place in places
    }
    return Section(
        "Model by platform and precision", paragraphs, (table, _totals(by_place, command)), (_chart(by_place),)
    )


def _from(command: str, sections: Sequence[Section]) -> list[Section]:
    return [
        section._replace(tables=tuple(table._replace(command=command) for table in section.tables))
        for section in sections
    ]


def _outcome(counts: Counter[str] | None) -> str | None:
    """Write what became of some cells; a single one needs no count."""
    if counts is None:
        return None
    return next(iter(counts)) if counts.total() == 1 else status.words(counts)


def _places(jobs: Sequence[JobRow]) -> list[Place]:
    """Order columns as the sweep has them: platforms first, then precisions."""
    platforms = list(dict.fromkeys(job.platform for job in jobs))
    precisions = list(dict.fromkeys(job.precision for job in jobs))
    asked = {(job.platform, job.precision) for job in jobs}
    return [(platform, each) for platform in platforms for each in precisions if (platform, each) in asked]


def _share(total: Counter[str], jobs: int) -> str:
    possible = jobs - total["UNSUPPORTED"]
    if not possible:
        return "No cell of this sweep can be run."
    return f"That is {total[status.REAL] / possible:.0%} of the {possible} cells that can be run."


def _doubts(doubted: int) -> str:
    return f" {doubted} results are doubted." if doubted else ""


def _totals(by_place: dict[Place, Counter[str]], command: str) -> Table:
    """Count the outcomes of each platform and precision: what the picture draws."""
    outcomes = [word for word in COLOURS if any(counts[word] for counts in by_place.values())]
    columns = (
        Column("platform", "Platform"),
        Column("precision", "Precision"),
        *(Column(word.lower().replace(" ", "_"), word, "1") for word in outcomes),
        Column("cells", "Cells", "1"),
    )
    cells: list[tuple[Cell, ...]] = [
        (*place, *(counts[word] for word in outcomes), sum(counts.values())) for place, counts in by_place.items()
    ]
    return Table(columns, tuple(cells), "", command)


def _chart(by_place: dict[Place, Counter[str]]) -> Chart:
    names = tuple(" ".join(place) for place in by_place)
    series = tuple(
        Series(
            word,
            tuple(
                Mark(counts[word], place, words=f"{counts[word]} {word}")
                for place, counts in enumerate(by_place.values())
                if counts[word]
            ),
            Drawn.BARS,
            colour,
        )
        for word, colour in COLOURS.items()
        if any(counts[word] for counts in by_place.values())
    )
    tells = "; ".join(f"{name}: {status.words(counts)}" for name, counts in zip(names, by_place.values(), strict=True))
    return Chart("Cells by outcome", f"{tells}.", Axis("Cells", "1"), Axis(""), series, names)


def _by_reason(title: str, listed: Callable[..., str], jobs: Sequence[JobRow]) -> list[Section]:
    """Put jobs together that have the same reason, the most frequent first."""
    alike: dict[str, list[JobRow]] = {}
    for job in jobs:
        alike.setdefault(job.reason or f"{job.state}", []).append(job)
    columns = (
        Column("reason", "Reason"),
        Column("jobs", "Jobs", "1"),
        Column("where", "Where"),
        Column("example", "For example"),
        Column("job", "Job"),
    )
    cells = tuple(
        (reason, len(found), _where(found), found[0].cell, found[0].public_id)
        for reason, found in sorted(alike.items(), key=lambda each: -len(each[1]))
    )
    states = {job.state for job in jobs}
    command = listed(state=states.pop()) if len(states) == 1 else listed()
    return [Section(title, (), (Table(columns, cells, HINT[title], command),))] if cells else []


def _where(jobs: Sequence[JobRow]) -> str:
    return ", ".join(dict.fromkeys(f"{job.platform} {job.precision}" for job in jobs))
