"""Where the second side of a comparison begins: of each cell, the last result before and the first one after."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from farm.database import tables
from farm.queries.differences import Difference, differences
from farm.queries.matching import grouped, named
from farm.queries.observations import observe
from farm.queries.parts import batches
from farm.queries.sides import Side


class Turn(NamedTuple):
    """One cell on one kind of machine: the last result of the first side, the first one of the second."""

    before: str
    after: str


def turns(session: Session, sides: tuple[Side, Side], *, across: Sequence[str]) -> dict[tuple[str, str], Turn]:
    """Give the turn of every cell that both sides have, by the names of cell and machine."""
    before, after = (grouped(observe(session, side.conditions, metrics=()).results, across) for side in sides)
    return {
        named(before[key][0], after[key][0]): Turn(before[key][-1].attempt, after[key][0].attempt)
        for key in before
        if key in after
    }


def changed(session: Session, turns: Sequence[Turn]) -> list[list[Difference]]:
    """List what differs between the circumstances of both results of each turn."""
    keys: dict[str, int] = {}
    for batch in batches([result for turn in turns for result in turn]):
        chosen = select(tables.Attempt.public_id, tables.Attempt.id).where(tables.Attempt.public_id.in_(batch))
        keys |= {row.public_id: row.id for row in session.execute(chosen)}
    return differences(session, [(keys[turn.before], keys[turn.after]) for turn in turns])
