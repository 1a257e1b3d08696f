"""Keeps Arrow out of the fork server: its allocator starts a thread, and transformers imports it by way of pandas.

Where the extra `history` is installed beside a runtime, nothing that measures needs it; pandas goes on without it. Only
the fork server imports this.
"""

import sys
from typing import Final

ARROW: Final = "pyarrow"

sys.modules[ARROW] = None  # type: ignore[assignment]  # the import system's own way to say: not to be found
