"""Questions about machines and their workers."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import select
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
    """Give all boxes, the latest seen first; a worker is live when it was heard of within `silence`."""
    since = now(session) - silence
    live = session.execute(
        select(tables.Worker.machine_id, tables.Worker.name).where(
            tables.Worker.stopped_at.is_(None), tables.Worker.last_seen_at > since
        )
    ).all()
    found = session.execute(select(tables.Machine).order_by(tables.Machine.last_seen_at.desc())).scalars()
    return [_row(machine, tuple(row.name for row in live if row.machine_id == machine.id)) for machine in found]


def _row(machine: tables.Machine, workers: tuple[str, ...]) -> MachineRow:
    facts: dict[str, Any] = machine.facts
    return MachineRow(
        name=machine.name,
        cpu=facts["cpu_model"],
        cores=facts["cores"],
        memory_bytes=facts["memory_bytes"],
        gpus=tuple(gpu["name"] for gpu in facts["gpus"]),
        fingerprint=machine.fingerprint,
        last_seen_at=machine.last_seen_at,
        workers=workers,
    )
