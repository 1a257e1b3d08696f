"""One scheduler at a time moves the jobs of a pool: the others skip that round.

The lock lives as long as a transaction, so a scheduler that dies leaves none behind, and the next round has another.
"""

from sqlalchemy import func, select
from sqlalchemy.orm import Session


def leads(session: Session, pool: str) -> bool:
    """Take the lead for this transaction; False while another scheduler has it. SQLite has one writer anyway."""
    if session.get_bind().dialect.name != "postgresql":
        return True
    lock = func.pg_try_advisory_xact_lock(func.hashtextextended(f"benchmark-farm scheduler of {pool}", 0))
    return bool(session.execute(select(lock)).scalar_one())
