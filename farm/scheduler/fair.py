"""Which planned jobs of a queue go next: the most urgent sweeps first, and sweeps of equal urgency in turn.

In: a queue's planned jobs, and how many may go. Out: their ids in order. Between equals, the sweep with the fewest jobs
under way goes first, so that a huge sweep does not hold up a small one; a sweep that has as many under way as its
`max_running` allows is left out.
"""

import heapq
from collections import deque
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from farm.contract.states import JobState
from farm.database.tables import Job, Sweep

UNDER_WAY = (JobState.QUEUED, JobState.RUNNING)


class _Line(NamedTuple):
    """A sweep that stands in line: heaps take the least one first."""

    less_urgent: int
    under_way: int
    sweep_id: int


def choose(session: Session, queue: str, *, pool: str, room: int) -> list[int]:
    """Give at most `room` ids of planned jobs of a queue, from sweeps of a pool."""
    if room <= 0:
        return []
    sweeps = _sweeps(session, pool, queue)
    under_way = _under_way(session, [sweep.id for sweep in sweeps])
    waiting: dict[int, deque[int]] = {}
    line: list[_Line] = []
    for sweep in sweeps:
        running = under_way.get(sweep.id, 0)
        limit = sweep.plan.get("max_running")
        allowed = room if limit is None else min(room, max(0, limit - running))
        waiting[sweep.id] = deque(_first(session, queue, sweep_id=sweep.id, most=allowed))
        line.append(_Line(-sweep.priority, running, sweep.id))
    return _in_turn(line, waiting, room=room)


def _in_turn(line: list[_Line], waiting: dict[int, deque[int]], *, room: int) -> list[int]:
    chosen: list[int] = []
    heapq.heapify(line)
    while line and len(chosen) < room:
        first = heapq.heappop(line)
        if waiting[first.sweep_id]:
            chosen.append(waiting[first.sweep_id].popleft())
            heapq.heappush(line, first._replace(under_way=first.under_way + 1))
    return chosen


def _sweeps(session: Session, pool: str, queue: str) -> Sequence[Row[int, int, dict[str, Any]]]:
    # For each sweep its first planned job is looked for: a list of their sweeps would read every planned job.
    work = select(Job.id).where(Job.sweep_id == Sweep.id, Job.state == JobState.PLANNED, Job.queue == queue)
    with_work = select(Sweep.id, Sweep.priority, Sweep.plan).where(
        Sweep.pool == pool, work.limit(1).scalar_subquery().is_not(None)
    )
    return session.execute(with_work.order_by(Sweep.id)).all()


def _under_way(session: Session, sweeps: Sequence[int]) -> dict[int, int]:
    counted = session.execute(
        select(Job.sweep_id, func.count().label("number"))
        .where(Job.sweep_id.in_(sweeps), Job.state.in_(UNDER_WAY))
        .group_by(Job.sweep_id)
    )
    return {row.sweep_id: row.number for row in counted}


def _first(session: Session, queue: str, *, sweep_id: int, most: int) -> Sequence[int]:
    planned = select(Job.id).where(Job.sweep_id == sweep_id, Job.state == JobState.PLANNED, Job.queue == queue)
    return session.execute(planned.order_by(Job.id).limit(most)).scalars().all()
