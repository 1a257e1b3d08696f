"""Results to a file and back: `farm results export` and `farm results import`."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from farm.cli import asking
from farm.cli.console import counted, tell
from farm.cli.opening import opened
from farm.cli.options import Db, settings_with
from farm.contract.errors import UserMistake
from farm.database.engine import read, write
from farm.queries.keys import keys
from farm.queries.question import Question, asked
from farm.queries.records import records
from farm.queries.sweeps import get_sweep
from farm.reports.exchange import read_records, write_records
from farm.scheduler.adopt import adopt


class FileFormat(StrEnum):
    """How results are written to a file."""

    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"


def export(
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    form: Annotated[
        FileFormat | None, typer.Option("--format", "-f", help="How to write it.  [default: by the file's ending]")
    ] = None,
    sweep: asking.Sweep = None,
    name: asking.Name = None,
    model: asking.Model = None,
    platform: asking.Platform = None,
    machine: asking.Machine = None,
    verdict: asking.Verdict = None,
    label: asking.Label = None,
    since: asking.Since = None,
    until: asking.Until = None,
    where: asking.Where = None,
    db: Db = None,
) -> None:
    """Write results to a file, with their raw samples, proof, doubts, software, machine, logs and notes.

    The file has a row for each result. `farm results import` takes it over into another farm, whole.
    """
    filters = asking.given(name=name, model=model, platform=platform, machine=machine, verdict=verdict)
    chosen = form or _by_ending(file)
    with read(opened(settings_with(db))) as session:
        if sweep:
            filters["sweep"] = get_sweep(session, sweep).public_id
        which = asked(session, Question(filters, since, until, tuple(label or ()), tuple(where or ())))
        found = keys(session, which)[::-1]  # the oldest first
        if not found:
            raise UserMistake("there are no such results; nothing was written. `farm results` lists what there is")
        write_records(file, records(session, found), count=len(found), form=chosen)
    tell(f"{counted(len(found), 'result')} written to {file}")


def import_(file: Annotated[Path, typer.Argument(metavar="FILE")], db: Db = None) -> None:
    """Take over results that another farm exported; those that are here already are left as they are.

    All of the file is taken over, or nothing.
    """
    taken = here = 0
    with write(opened(settings_with(db))) as session:
        for record in read_records(file):
            if adopt(session, record):
                taken += 1
            else:
                here += 1
    known = f"; {here} were here already" if here else ""
    tell(f"{counted(taken, 'result')} taken over{known}")


def _by_ending(file: Path) -> FileFormat:
    try:
        return FileFormat(file.suffix.removeprefix("."))
    except ValueError:
        raise UserMistake(
            f"what should {file} be? Name it .jsonl, .csv or .parquet, or give --format {'|'.join(FileFormat)}"
        ) from None
