"""A person's word about a result is kept: that the change which it begins is known, and why."""

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from farm.contract.annotations import AnnotationKind
from farm.contract.errors import UnknownName, UserMistake
from farm.database import tables
from farm.database.engine import now


def acknowledge(session: Session, result: str, *, note: str, author: str) -> None:
    """Keep a note about the result with this public id; one result may have several.

    Raises: UnknownName; UserMistake where nothing is said.
    """
    if not note.strip():
        raise UserMistake("an empty note says nothing: give --note TEXT, as in --note 'the new driver'")
    attempt_id = session.execute(
        select(tables.Attempt.id).where(tables.Attempt.public_id == result)
    ).scalar_one_or_none()
    if attempt_id is None:
        raise UnknownName(f"no result {result!r}; `farm trend` names the first result after each change")
    row = {
        "attempt_id": attempt_id,
        "kind": AnnotationKind.ACKNOWLEDGED,
        "author": author,
        "note": note,
        "created_at": now(session),
    }
    session.execute(insert(tables.Annotation), row)
