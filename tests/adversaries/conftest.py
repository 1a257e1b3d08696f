import pytest

from tests.adversaries.door import Door, no_growth
from tests.workers.platforms.cells import Cells
from workers.evidence import plausibility


@pytest.fixture
def door(cells: Cells, monkeypatch: pytest.MonkeyPatch) -> Door:
    """Give the door, with the tiny models behind it."""
    monkeypatch.setattr(plausibility, "growth", no_growth)
    return Door(cells, monkeypatch)
