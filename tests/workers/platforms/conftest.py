from pathlib import Path

import pytest

from tests.workers.platforms.cells import Cells


@pytest.fixture(scope="session")
def cells(tmp_path_factory: pytest.TempPathFactory) -> Cells:
    """Give the tiny models and their cells, shared by all tests of platforms."""
    root: Path = tmp_path_factory.mktemp("cells")
    return Cells(root)
