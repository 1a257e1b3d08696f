"""What became slower or faster, by how much and since when: of two sides, or over time, fit to be sent."""

from typing import Final

from sqlalchemy.orm import Session

from farm.contract.errors import UserMistake
from farm.queries.changes import EFFECT
from farm.queries.compare import DEFAULT_METRICS, DEFAULT_THRESHOLD, comparable
from farm.reports.document import Document
from farm.reports.kinds import Request
from farm.reports.regression import over_time, two_sides

WORDS: Final = "[FIRST SECOND]"
TAKES: Final = ("question", "metric", "threshold")


def build(session: Session, request: Request) -> Document:
    """Compare two sides, written as for `farm compare`; without any, find changes over time, as `farm trend` does.

    Raises: UserMistake for one side alone, filters beside sides, a metric that is neither time nor rate, or two sides
    with nothing in common.
    """
    metrics = request.metric or DEFAULT_METRICS
    for metric in metrics:
        if not comparable(metric):
            raise UserMistake(f"{metric} is no time or rate with a better direction, so it cannot become slower")
    if not request.words:
        effect = EFFECT if request.threshold is None else request.threshold
        return over_time.build(session, request.question, metrics=metrics, effect=effect)
    if len(request.words) == 1:
        raise UserMistake("a regression report is of two sides, as in: farm report regression commit=a commit=b")
    if "question" in request.given():
        raise UserMistake("filters are part of the sides here, as in: platform=cpu,name=nightly")
    first, second = request.words
    threshold = DEFAULT_THRESHOLD if request.threshold is None else request.threshold
    return two_sides.build(session, first, second, metrics=metrics, threshold=threshold)
