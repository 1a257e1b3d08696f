"""What most kinds of report ask: the results of a sweep or of all of them, and the command that asks for the same."""

import shlex
from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy.orm import Session

from farm.contract.errors import UnknownName, UserMistake
from farm.queries.filters import Filters
from farm.queries.jobs import PARTS
from farm.queries.question import Question, asked, why_nothing
from farm.queries.results import ResultRow, find_results
from farm.queries.sweeps import get_sweep
from farm.reports.kinds import Request

MOST: Final = 20_000  # results that a report looks at, the newest
PAGE: Final = 100  # results that `farm results` lists unless told otherwise


class Asked(NamedTuple):
    """Results, in the order in which they were made, and how they were asked for."""

    rows: tuple[ResultRow, ...]
    about: str  # for a title: of which sweep, or of all results
    options: tuple[str, ...]  # the same question as options of `farm results`

    def platforms(self) -> tuple[str, ...]:
        """Name the platforms, so that each has the same colour in all pictures of a report."""
        return tuple(sorted({row.platform for row in self.rows}))

    def command(self, **more: str) -> str:
        """Write the command that lists these results, with more options, those that are not there already."""
        added = [
            word for name, value in more.items() if f"--{name}" not in self.options for word in (f"--{name}", value)
        ]
        count = [] if len(self.rows) <= PAGE else ["--limit", str(len(self.rows))]
        return shlex.join(["farm", "results", *self.options, *added, *count])


def results_asked(session: Session, request: Request, *, metrics: Sequence[str]) -> Asked:
    """Find the results that a request asks for: of a sweep, where it names one, and of all filters that are given.

    Raises: UnknownName where there are none, with what comes near.
    """
    question = request.question
    filters = dict(question.filters)
    about = "all results"
    if request.words:
        sweep = get_sweep(session, request.words[0])
        filters["sweep"] = sweep.public_id
        about = sweep.name
    which = asked(session, question._replace(filters={}))
    rows = find_results(session, filters, also=which, metrics=metrics, limit=MOST)
    told = question._replace(filters=filters)
    if not rows:
        hints = why_nothing(session, told)
        raise UnknownName(
            "; ".join(["no results to tell of", *hints])
            + ". `farm report coverage` tells what became of a sweep's jobs"
        )
    words = words_of(question)
    return Asked(tuple(reversed(rows)), f"{about}, {words}" if words else about, options_of(told))


def part_asked(question: Question) -> Filters:
    """Give the filters that narrow one sweep to some of its jobs, whatever became of these.

    Raises: UserMistake for those that only results have.
    """
    known = ", ".join(f"--{word}" for word in PARTS)
    others = sorted({*options_of(question)[::2]} - {f"--{word}" for word in PARTS})
    if others:
        raise UserMistake(f"this report is of one sweep and all its jobs, which {known} narrow, not {others[0]}")
    return question.filters


def part_command(words: str, sweep: str, part: Filters, *, count: int) -> str:
    """Write the command that lists a part of what a sweep has, all of it."""
    options = [word for name, value in part.items() for word in (f"--{name}", value)]
    more = ["--limit", str(count)] if count > PAGE else []
    return shlex.join(["farm", *words.split(), "--sweep", sweep, *options, *more])


def options_of(question: Question) -> tuple[str, ...]:
    """Write a question as options of a command."""
    pairs = [
        *question.filters.items(),
        *((name, value) for name in ("since", "until") if (value := getattr(question, name))),
        *(("label", label) for label in question.labels),
        *(("where", condition) for condition in question.where),
    ]
    return tuple(word for name, value in pairs for word in (f"--{name}", value))


def words_of(question: Question) -> str:
    """Write a question for a title."""
    parts = [
        *question.filters.values(),
        *(f"{name} {value}" for name in ("since", "until") if (value := getattr(question, name))),
        *question.labels,
        *question.where,
    ]
    return ", ".join(parts)
