"""Settles what waits in the spool: a result or failure for each attempt, once, whatever the database says to it.

In: a spool. Out: True when nothing waits any more, False when the database is away and all the rest stays.
"""

from typing import Final

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from farm.contract.errors import ResultRefused
from farm.contract.result import Failure
from farm.contract.states import Stage
from farm.database.engine import write
from farm.scheduler.settle import settle_failure, settle_result
from workers.spool import Spool, Spooled

#: What a database that is away, stopping, locked or full raises: later, the same may go well.
AWAY: Final = (OperationalError, InterfaceError)
LONGEST_REFUSAL: Final = 500  # characters

log = structlog.get_logger()


def settle_waiting(engine: Engine, spool: Spool) -> bool:
    """Settle everything that waits, oldest first. A lost lease settles nothing."""
    with spool.settling:
        return all(_settle(engine, spool, spooled) for spooled in spool.waiting())


def _settle(engine: Engine, spool: Spool, spooled: Spooled) -> bool:
    try:
        settled = _write(engine, spooled)
    except AWAY as error:
        log.error("database out of reach; the result waits in the spool", reason=str(error.orig).strip())
        return False
    except DBAPIError as error:  # it is there, and will never take this
        log.error("the database refused a result", token=spooled.token, reason=str(error.orig).strip())
        if _code(spooled) == ResultRefused.code:
            spool.set_aside(spooled.token)
            return True
        return _settle(engine, spool, Spooled(token=spooled.token, failure=_refused(error)))
    spool.drop(spooled.token)
    _tell(spooled, settled)
    return True


def _write(engine: Engine, spooled: Spooled) -> bool:
    with write(engine) as session:
        if spooled.result is not None:
            return settle_result(session, spooled.token, spooled.result)
        return settle_failure(session, spooled.token, _failure(spooled))


def _refused(error: DBAPIError) -> Failure:
    """Put a refusal in words that every database takes."""
    reason = ascii(str(error.orig).strip())[:LONGEST_REFUSAL]
    return Failure(
        stage=Stage.SETTLE,
        code=ResultRefused.code,
        error=type(error.orig).__name__,
        message=f"the database refused the result: {reason}",
    )


def _code(spooled: Spooled) -> str:
    return spooled.failure.code if spooled.failure is not None else ""


def _failure(spooled: Spooled) -> Failure:
    if spooled.failure is None:
        raise ValueError("a spooled attempt has a result or a failure")
    return spooled.failure


def _tell(spooled: Spooled, settled: bool) -> None:
    if not settled:
        log.warning("not settled: the attempt was no longer ours")
    elif spooled.result is not None:
        log.info("done", verdict=spooled.result.verdict, doubts=[doubt.kind for doubt in spooled.result.doubts])
    else:
        log.warning("failed", code=_failure(spooled).code, stage=_failure(spooled).stage)
