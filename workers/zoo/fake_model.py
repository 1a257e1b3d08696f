"""fake-model: no model at all, for tests of the farm itself; needs neither torch nor transformers."""

import json
from pathlib import Path
from typing import Final

FAMILY: Final = "fake"
STANDS_FOR: Final = "nothing"
PARAMETERS: Final = 0
VERSION: Final = 1


def build(folder: Path) -> None:
    """Write a configuration that says it is a fake."""
    config = {"model_type": "fake", "architectures": ["Fake"], "about": "a stand-in for tests; it has no weights"}
    (folder / "config.json").write_text(json.dumps(config, indent=2))
