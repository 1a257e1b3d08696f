"""No telemetry while we measure: importing OpenVINO would send a message over the network and leave a thread behind.

Import this before any runtime. OpenVINO, nncf and optimum go on without the telemetry package when it is absent.
"""

import sys
from typing import Final

TELEMETRY: Final = "openvino_telemetry"

sys.modules[TELEMETRY] = None  # type: ignore[assignment]  # the import system's own way to say: not to be found
