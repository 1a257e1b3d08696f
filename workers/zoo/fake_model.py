"""No model at all: what the fake platform runs, so that the farm itself can be tested in seconds."""

import json
from pathlib import Path
from typing import Final

FAMILY: Final = "fake"
STANDS_FOR: Final = "nothing"
PARAMETERS: Final = 0
VERSION: Final = 1


def build(folder: Path) -> None:
    """Write a folder that says what it is."""
    (folder / "config.json").write_text(json.dumps({"model_type": "fake", "architectures": ["FakeModel"]}))
