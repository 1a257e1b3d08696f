"""How fast each model runs on each platform: the whole of one sweep, with proof, accelerations and failures."""

from typing import Final

from sqlalchemy.orm import Session

from farm.reports import performance
from farm.reports.document import Document
from farm.reports.kinds import Request
from farm.sweeps.catalogue import read_catalogue

WORDS: Final = "[SWEEP]"
LAST: Final = "last"


def build(session: Session, request: Request) -> Document:
    """Put the report of a sweep together, of the newest unless one is named.

    Raises: UnknownName.
    """
    sweep = request.words[0] if request.words else LAST
    return performance.build(session, sweep, catalogue=read_catalogue())
