"""Questions about machines and their workers."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from farm.database import tables
from farm.database.engine import now


class MachineRow(NamedTuple):
    """One box, and the names of its live workers."""

    name: str
    cpu: str
    cores: int
    memory_bytes: int
    gpus: tuple[str, ...]
    fingerprint: str
    last_seen_at: datetime
    workers: tuple[str, ...]


def list_machines(session: Session, *, silence: timedelta) -> list[MachineRow]:
    """Give all boxes, the latest seen first; a worker is live when it was heard of within `silence`.

    A box was last seen when one of its workers last sent a heartbeat.
    """
    since = now(session) - silence
    live = session.execute(
        select(tables.Worker.machine_id, tables.Worker.name).where(
            tables.Worker.stopped_at.is_(None), tables.Worker.last_seen_at > since
        )
    ).all()
    heard = select(func.max(tables.Worker.last_seen_at)).where(tables.Worker.machine_id == tables.Machine.id)
    last_seen = func.coalesce(heard.scalar_subquery(), tables.Machine.last_seen_at).label("last_seen")
    found = session.execute(select(tables.Machine, last_seen).order_by(last_seen.desc(), tables.Machine.id.desc()))
    return [
        _row(machine, seen, tuple(row.name for row in live if row.machine_id == machine.id)) for machine, seen in found
    ]


def _row(machine: tables.Machine, last_seen_at: datetime, workers: tuple[str, ...]) -> MachineRow:
    facts: dict[str, Any] = machine.facts
    return MachineRow(
        name=machine.name,
        cpu=facts["cpu_model"],
        cores=facts["cores"],
        memory_bytes=facts["memory_bytes"],
        gpus=tuple(gpu["name"] for gpu in facts["gpus"]),
        fingerprint=machine.fingerprint,
        last_seen_at=last_seen_at,
        workers=workers,
    )
