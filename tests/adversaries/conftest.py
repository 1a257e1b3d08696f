import pytest

from tests.adversaries.door import Door, no_growth
from tests.workers.platforms.cells import Cells
from workers.evidence import plausibility
from workers.standing import Bench


@pytest.fixture
def door(cells: Cells, monkeypatch: pytest.MonkeyPatch) -> Door:
    """Give the door, with the tiny models behind it."""
    monkeypatch.setattr(plausibility, "growth", no_growth)
    monkeypatch.setattr(Bench, "raised", Bench.roof)  # a cheat above the roof has it measured again, for many seconds
    return Door(cells, monkeypatch)
