"""How fast each model runs on each platform: the whole of one sweep, with proof, accelerations and failures."""

from typing import Final

from sqlalchemy.orm import Session

from farm.queries.sweeps import LAST
from farm.reports import performance
from farm.reports.document import Document
from farm.reports.kinds import Request
from farm.reports.kinds._asked import part_asked
from farm.sweeps.catalogue import read_catalogue

WORDS: Final = "[SWEEP]"
TAKES: Final = ("question",)


def build(session: Session, request: Request) -> Document:
    """Put the report of a sweep together, of the newest unless one is named; filters narrow it to some of its jobs.

    Raises: UnknownName, UserMistake for filters that are not of jobs.
    """
    sweep = request.words[0] if request.words else LAST
    return performance.build(session, sweep, catalogue=read_catalogue(), part=part_asked(request.question))
