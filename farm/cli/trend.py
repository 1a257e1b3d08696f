"""Find what changed over time, the first result after each change, and what else changed with it.

Examples:
  farm trend
  farm trend --model minilm --since 90d --metric latency --metric time_to_first_token
  farm trend --format markdown
  farm trend --null
  farm trend ack k3m9x2p7qa --note "the new driver; reported upstream"
"""

import getpass
from collections.abc import Sequence
from typing import Annotated, Final

import typer
from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from farm.cli import asking
from farm.cli.console import counted, tell
from farm.cli.listing import show
from farm.cli.opening import opened
from farm.cli.options import AsFormat, Db, Format, settings_with
from farm.cli.speeds import Metric, speeds
from farm.contract.errors import UserMistake
from farm.contract.metrics import METRICS
from farm.database.engine import read, write
from farm.queries.changes import EFFECT, FALSE_ALARMS, LEAST
from farm.queries.keys import count
from farm.queries.question import Question, asked, why_nothing
from farm.queries.trend import Change, NullTrend, find_changes, null_trend
from farm.reports.document import Cell, Column
from farm.reports.regression.parts import RATIO, SINCE, ratio_cells
from farm.reports.units import shown
from farm.scheduler.annotate import acknowledge

COLUMNS: Final = (
    Column("result", "First after it"),
    Column("at", "Since (UTC)"),
    Column("change", "Change"),
    Column("cell", "Cell"),
    Column("machine", "Machine"),
    Column("metric", "Metric"),
    Column("before", "Before", "si"),
    Column("after", "After", "si"),
    *RATIO,
    *SINCE,
    Column("last_before", "Last before"),
    Column("differs", "What else changed"),
    Column("note", "Acknowledged"),
)
NULL_COLUMNS: Final = (
    Column("histories", "Histories", "1"),
    Column("results", "Results", "1"),
    Column("alarms", "False alarms", "1"),
    Column("share", "Share", "%"),
    Column("asked_for", "At most", "%"),
)
NAMED: Final = 3  # differences that a line for people has room for; the report has all

app = typer.Typer(add_completion=False, rich_markup_mode=None, invoke_without_command=True)


@app.callback()
def trend(
    ctx: typer.Context,
    metric: Metric = None,
    model: asking.Model = None,
    platform: asking.Platform = None,
    precision: asking.Precision = None,
    machine: asking.Machine = None,
    name: asking.Name = None,
    label: asking.Label = None,
    since: asking.Since = None,
    until: asking.Until = None,
    where: asking.Where = None,
    threshold: Annotated[
        float, typer.Option(min=0.0, max=10.0, help="A smaller change, as a share, is not told.")
    ] = EFFECT,
    false_alarms: Annotated[
        float, typer.Option(min=0.001, max=0.5, help="Chance of an alarm in a history without a change.")
    ] = FALSE_ALARMS,
    null: Annotated[
        bool, typer.Option("--null", help="Count alarms where nothing changed: same work, machine and software.")
    ] = False,
    db: Db = None,
    form: AsFormat = Format.TABLE,
) -> None:
    """Find changes in the history of every job; the exit code is 1 when one for the worse is not acknowledged.

    A history is the same work on the same machine, at least 12 real and undoubted results of it; a change needs 3
    results after it. What else changed is told from the last result before to the first after it.
    """
    if ctx.invoked_subcommand is not None:
        return
    filters = asking.given(model=model, platform=platform, precision=precision, machine=machine, name=name)
    question = Question(filters, since, until, tuple(label or ()), tuple(where or ()))
    limits = {"effect": threshold, "false_alarms": false_alarms}
    with read(opened(settings_with(db))) as session:
        which = asked(session, question)
        if null:
            counts = null_trend(session, which, metrics=speeds(metric), **limits)
            show(NULL_COLUMNS, [_null_row(counts, false_alarms)], form)
            return
        found = find_changes(session, which, metrics=speeds(metric), **limits)
        hints = (
            [] if found.histories or found.too_short else [*why_nothing(session, question), *_left_out(session, which)]
        )
    show(COLUMNS, [_row(change, form) for change in found.changes], form)
    short = f"; {found.too_short} are too short to tell: fewer than {LEAST} results" if found.too_short else ""
    histories = "1 history" if found.histories == 1 else f"{found.histories} histories"
    for hint in hints:
        tell(hint)
    tell(f"{counted(found.regressions(), 'regression')} not acknowledged in {histories}{short}")
    raise typer.Exit(int(bool(found.regressions())))


@app.command()
def ack(
    result: Annotated[str, typer.Argument(metavar="RESULT")],
    note: Annotated[str, typer.Option(help="What is known about it.")],
    by: Annotated[str | None, typer.Option(metavar="NAME", help="Who says so.  [default: the system's user]")] = None,
    db: Db = None,
) -> None:
    """Acknowledge a change by the first result after it, so that it stays quiet; the note is kept."""
    with write(opened(settings_with(db))) as session:
        acknowledge(session, result, note=note, author=by or _user())
    tell(f"{result}: noted")


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        raise UserMistake("the system does not know your name: give --by NAME") from None


def _row(change: Change, form: Format) -> tuple[Cell, ...]:
    unit = METRICS[change.metric].unit
    people = form in (Format.TABLE, Format.MARKDOWN)
    before, after = ((shown(each, unit) if people else each) for each in (change.before, change.after))
    return (
        change.result,
        f"{change.at:%Y-%m-%d %H:%M:%S}",
        change.answer(),
        change.cell,
        change.machine,
        change.metric,
        before,
        after,
        *ratio_cells(change.ratio),
        change.p,
        change.points,
        change.last_before,
        _differs(change, NAMED if people else len(change.differs)),
        change.note,
    )


def _differs(change: Change, most: int) -> str:
    """Name what else changed, up to so much of it."""
    words = [each.words() for each in change.differs[:most]]
    more = len(change.differs) - len(words)
    return "; ".join([*words, *([f"and {more} more"] if more else [])]) or "nothing that is recorded"


def _left_out(session: Session, which: Sequence[ColumnElement[bool]]) -> list[str]:
    """Say that there are results, where none is part of a history."""
    number = count(session, which)
    return [f"none of {counted(number, 'result')} is real, undoubted and has the metric"] if number else []


def _null_row(counts: NullTrend, false_alarms: float) -> tuple[Cell, ...]:
    share = counts.alarms / counts.histories * 100 if counts.histories else None
    return counts.histories, counts.points, counts.alarms, share, false_alarms * 100
