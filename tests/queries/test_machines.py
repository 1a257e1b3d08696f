"""A machine was last seen with the last heartbeat of its workers, and names those that live."""

from datetime import timedelta

from sqlalchemy import Engine, delete, update

from farm.database import tables
from farm.database.engine import now, read, write
from farm.queries.machines import list_machines
from tests.builders import registered

SILENCE = timedelta(seconds=30)


def test_a_heartbeat_is_a_sign_of_its_machine(engine: Engine) -> None:
    registered(engine, "cpu", name="alive")
    silent = registered(engine, "cpu", name="silent")
    with write(engine) as session:
        long_ago = now(session) - timedelta(days=1)
        session.execute(update(tables.Machine).values(last_seen_at=long_ago))
        session.execute(update(tables.Worker).where(tables.Worker.id == silent.worker_id).values(last_seen_at=long_ago))
    with read(engine) as session:
        (machine,) = list_machines(session, silence=SILENCE)
        assert now(session) - machine.last_seen_at < SILENCE
    assert (machine.name, machine.workers) == ("box", ("alive",))


def test_a_machine_without_workers_was_seen_when_it_registered(engine: Engine) -> None:
    with read(engine) as session:
        assert list_machines(session, silence=SILENCE) == []
    worker = registered(engine, "cpu")
    with write(engine) as session:
        at = now(session) - timedelta(days=1)
        session.execute(update(tables.Machine).values(last_seen_at=at))
        session.execute(delete(tables.Worker).where(tables.Worker.id == worker.worker_id))
    with read(engine) as session:
        (machine,) = list_machines(session, silence=SILENCE)
    assert (machine.last_seen_at, machine.workers) == (at, ())
