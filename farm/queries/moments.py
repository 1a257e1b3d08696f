"""Points in time as people type them: a day, a day with its time (UTC), or how long ago, as in 7d. Pure."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from farm.contract.errors import UserMistake

AGO: Final = re.compile(r"(\d{1,4})\s*(min|h|d|w)")
UNITS: Final = {
    "min": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")


def moment(text: str, *, now: datetime, end: bool = False) -> datetime:
    """Read a point in time; as an `end`, a day stands for all of it, so for the midnight after it.

    Raises: UserMistake.
    """
    ago = AGO.fullmatch(text)
    if ago:
        return now - int(ago[1]) * UNITS[ago[2]]
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise UserMistake(
            f"{text!r} is no point in time; write 2026-01-31, 2026-01-31T18:00 (UTC), or how long ago it was, as in "
            "90min, 12h, 7d, 2w"
        ) from None
    whole_day = timedelta(days=1) if end and DAY.fullmatch(text) else timedelta()
    return (found if found.tzinfo else found.replace(tzinfo=UTC)) + whole_day
