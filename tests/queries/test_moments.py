"""Points in time are read as people mean them."""

from datetime import UTC, datetime

import pytest

from farm.contract.errors import UserMistake
from farm.queries.moments import moment

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "end", "meant"),
    [
        ("2026-01-31", False, datetime(2026, 1, 31, tzinfo=UTC)),
        ("2026-01-31", True, datetime(2026, 2, 1, tzinfo=UTC)),
        ("2026-01-31T18:00", True, datetime(2026, 1, 31, 18, tzinfo=UTC)),
        ("2026-01-31T18:00+02:00", False, datetime(2026, 1, 31, 16, tzinfo=UTC)),
        ("36h", False, datetime(2026, 2, 28, tzinfo=UTC)),
        ("1w", True, datetime(2026, 2, 22, 12, tzinfo=UTC)),
        ("90min", False, datetime(2026, 3, 1, 10, 30, tzinfo=UTC)),
    ],
)
def test_a_day_a_time_and_how_long_ago(text: str, end: bool, meant: datetime) -> None:
    assert moment(text, now=NOW, end=end) == meant


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01", "7x", ""])
def test_what_is_no_point_in_time_is_told(text: str) -> None:
    with pytest.raises(UserMistake, match=r"is no point in time; write 2026-01-31"):
        moment(text, now=NOW)
