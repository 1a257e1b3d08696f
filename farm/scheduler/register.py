"""A worker tells what it is: machine, environment and worker rows, its heartbeat and its farewell."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from pydantic import JsonValue
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from farm.contract.machine import Environment, Machine, PlatformStatus, Probe
from farm.contract.requirement import Offer
from farm.database import tables
from farm.database.engine import now
from farm.scheduler.identity import new_id


class Registration(NamedTuple):
    """The rows that stand for a registered worker."""

    worker_id: int
    machine_id: int
    environment_id: int
    name: str
    offer: Offer


def register(session: Session, probe: Probe, *, offer: Offer, pool: str, name: str, pid: int) -> Registration:
    """Write or refresh the machine and environment, and write a new worker."""
    at = now(session)
    machine_id = _machine(session, probe.machine)
    environment_id = _environment(session, probe.environment)
    session.execute(update(tables.Machine).where(tables.Machine.id == machine_id).values(last_seen_at=at))
    worker_id = session.execute(
        insert(tables.Worker).returning(tables.Worker.id),
        {
            "public_id": new_id(),
            "name": name,
            "pool": pool,
            "machine_id": machine_id,
            "environment_id": environment_id,
            "offer": _json_offer(offer),
            "platforms": _json_platforms(probe.platforms),
            "pid": pid,
            "started_at": at,
            "last_seen_at": at,
        },
    ).scalar_one()
    return Registration(worker_id, machine_id, environment_id, name, offer)


def heartbeat(session: Session, worker_id: int) -> None:
    """Say that the worker lives."""
    session.execute(update(tables.Worker).where(tables.Worker.id == worker_id).values(last_seen_at=now(session)))


def offer_anew(session: Session, worker_id: int, offer: Offer, *, platforms: Sequence[PlatformStatus]) -> None:
    """Say that the worker offers something else from now on."""
    values = {"offer": _json_offer(offer), "platforms": _json_platforms(platforms)}
    session.execute(update(tables.Worker).where(tables.Worker.id == worker_id).values(values))


def farewell(session: Session, worker_id: int) -> None:
    """Say that the worker stopped on purpose."""
    session.execute(update(tables.Worker).where(tables.Worker.id == worker_id).values(stopped_at=now(session)))


class LiveWorker(NamedTuple):
    """A worker that was heard of lately."""

    id: int
    name: str
    offer: Offer
    platforms: dict[str, JsonValue]
    started_at: datetime


def live_workers(session: Session, *, pool: str, silence: timedelta) -> list[LiveWorker]:
    """Give the workers of a pool that are alive: not stopped, and heard of within `silence`."""
    found = session.execute(
        select(tables.Worker).where(
            tables.Worker.pool == pool,
            tables.Worker.stopped_at.is_(None),
            tables.Worker.last_seen_at > now(session) - silence,
        )
    ).scalars()
    return [
        LiveWorker(row.id, row.name, Offer.model_validate(row.offer), row.platforms, row.started_at) for row in found
    ]


def _json_offer(offer: Offer) -> dict[str, JsonValue]:
    return {"tags": [*sorted(offer.tags)], "facts": {**offer.facts}}


def _json_platforms(platforms: Sequence[PlatformStatus]) -> dict[str, JsonValue]:
    return {status.platform: status.model_dump(mode="json") for status in platforms}


def _machine(session: Session, machine: Machine) -> int:
    which = select(tables.Machine.id).where(
        tables.Machine.host_id == machine.host_id, tables.Machine.fingerprint == machine.fingerprint()
    )
    found = session.execute(which).scalar_one_or_none()
    if found is not None:
        return found
    at = now(session)
    row = {
        "public_id": new_id(),
        "host_id": machine.host_id,
        "name": machine.name,
        "fingerprint": machine.fingerprint(),
        "facts": machine.model_dump(mode="json"),
        "first_seen_at": at,
        "last_seen_at": at,
    }
    try:
        with session.begin_nested():
            return session.execute(insert(tables.Machine).returning(tables.Machine.id), row).scalar_one()
    except IntegrityError:
        return session.execute(which).scalar_one()  # another worker of this box registered just now


def _environment(session: Session, environment: Environment) -> int:
    which = select(tables.Environment.id).where(tables.Environment.fingerprint == environment.fingerprint())
    found = session.execute(which).scalar_one_or_none()
    if found is not None:
        return found
    row = {"fingerprint": environment.fingerprint(), "facts": environment.model_dump(mode="json")}
    try:
        with session.begin_nested():
            return session.execute(insert(tables.Environment).returning(tables.Environment.id), row).scalar_one()
    except IntegrityError:
        return session.execute(which).scalar_one()
