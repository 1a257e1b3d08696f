"""Gather the evidence of an old result again, and say whether it still holds.

Examples:
  farm verify k3m9x2p7qa
  farm verify k3m9x2p7qa m4t8w2c6yz --anywhere
  farm verify --all-of last --format json
"""

from typing import Annotated, Final

import typer
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from farm.cli.console import counted, log_to_stderr, sweep_progress, tell
from farm.cli.listing import show_parts
from farm.cli.opening import opened
from farm.cli.options import AsFormat, Broker, Db, Format, settings_with
from farm.cli.waiting import until_settled
from farm.contract.errors import UnknownName, UserMistake
from farm.contract.meant import nearest
from farm.contract.requirement import class_tag
from farm.contract.verification import VerificationOutcome
from farm.database.engine import read, write
from farm.local.broker import check_broker
from farm.local.run import drain, pool_of
from farm.queries.results import ResultRow, find_result, find_results
from farm.queries.sweeps import get_sweep
from farm.queries.verifications import VerificationRow, of_sweep
from farm.reports import proof
from farm.scheduler.enlist import SHARED_POOL
from farm.scheduler.verify import Wish, ask, give_up
from farm.settings import Settings
from farm.sweeps.catalogue import read_catalogue

app = typer.Typer(add_completion=False, rich_markup_mode=None)

PRIORITY: Final = 5  # that of a sweep that says nothing
MOST_AT_ONCE: Final = 10_000
CLASS: Final = class_tag("")


@app.command()
def verify(
    result: Annotated[list[str] | None, typer.Argument(metavar="[RESULT]...")] = None,
    all_of: Annotated[
        str | None, typer.Option("--all-of", metavar="SWEEP", help="All results of a sweep; `last` is the newest.")
    ] = None,
    anywhere: Annotated[
        bool, typer.Option("--anywhere", help="On any machine that the job can run on, not only on one of its class.")
    ] = False,
    db: Db = None,
    broker: Broker = None,
    form: AsFormat = Format.TABLE,
) -> None:
    """Gather the evidence of a result again, and say whether it still holds.

    RESULT is its id or that of its job. The same model, inputs and settings run again on a machine of the same class,
    timed as little as evidence needs. What is found is kept beside the result and changes neither it nor any report.
    It holds when it is the same model and every layer comes out as before; how long the calls take is no part of it.

    Without a broker URL it runs on this machine, and Ctrl-C cancels it. With one it is queued for the farm's workers;
    Ctrl-C then leaves it queued.

    Exit codes: 0 everything holds, 1 something differs, 2 a mistake in what was asked, 3 something could not be run.
    """
    settings = settings_with(db, broker)
    log_to_stderr("WARNING")  # the progress display tells the rest
    if settings.broker_url:
        check_broker(settings.broker_url)
    engine = opened(settings)
    with read(engine) as session:
        rows = _asked(session, result or [], all_of)
    wish = Wish([row.attempt for row in rows], PRIORITY, settings.max_attempts, anywhere=anywhere)
    with write(engine) as session:
        sweep = ask(session, wish, pool_of=(lambda _: SHARED_POOL) if settings.broker_url else pool_of)
    tell(f"verification {sweep}: {counted(len(rows), 'result')}")
    if settings.broker_url:
        _wait(engine, sweep)
    else:
        _run_here(engine, settings, sweep=sweep, platforms=tuple(dict.fromkeys(row.platform for row in rows)))
    with read(engine) as session:
        found = of_sweep(session, sweep)
    parts = {
        "verifications": proof.verifications(found),
        "layers": proof.compared_layers(found),
        "figures": proof.compared_figures(found),
    }
    show_parts(parts, form, csv="verifications")
    if not anywhere and any(row.outcome == VerificationOutcome.NOT_RUN and CLASS in row.reason for row in found):
        tell("no live machine is of the class that measured it; --anywhere lets any other take it")
    raise typer.Exit(_exit_code(found))


def _asked(session: Session, results: list[str], all_of: str | None) -> list[ResultRow]:
    """Find the results to verify, each once.

    Raises: UnknownName, UserMistake.
    """
    if bool(results) == bool(all_of):
        raise UserMistake("name results to verify, or give --all-of SWEEP; `farm results` lists results")
    if all_of:
        sweep = get_sweep(session, all_of).public_id
        rows = find_results(session, {"sweep": sweep}, limit=MOST_AT_ONCE)[::-1]
        if not rows:
            raise UnknownName(f"sweep {sweep} has no results; `farm sweep show {sweep}` tells how it stands")
    else:
        rows = [find_result(session, public_id).row for public_id in results]
    known = read_catalogue().platforms
    for row in rows:
        if row.platform not in known:
            raise UnknownName(f"this version has no platform {row.platform!r}; {nearest(row.platform, known)}")
    return list({row.attempt: row for row in rows}.values())


def _run_here(engine: Engine, settings: Settings, *, sweep: str, platforms: tuple[str, ...]) -> None:
    """Run it with the embedded broker and a worker of this machine; what cannot be run here is given up."""
    try:
        with sweep_progress() as progress:
            drain(engine, settings, sweep=sweep, groups=[platforms], show=progress.show)
    finally:
        with write(engine) as session:
            give_up(session, sweep)


def _wait(engine: Engine, sweep: str) -> None:
    """Wait for the farm's workers; it stays queued when nobody waits any more."""
    try:
        until_settled(engine, sweep)
    except KeyboardInterrupt:
        tell(f"it stays queued: `farm results show RESULT` will tell the outcome, `farm sweep cancel {sweep}` stops it")
        raise


def _exit_code(rows: list[VerificationRow]) -> int:
    outcomes = {row.outcome for row in rows}
    if VerificationOutcome.DIFFERS in outcomes:
        return 1
    return 0 if outcomes == {VerificationOutcome.HOLDS} else 3
