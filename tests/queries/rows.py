"""Builder of the result rows that pure questions are asked about."""

from datetime import UTC, datetime
from typing import Any

from farm.queries.results import ResultRow
from tests.builders import measured


def row(
    *, latency: float | None = 0.01, half_width: float = 0.0, memory: float | None = None, **changes: Any
) -> ResultRow:
    """A real result of minilm on the cpu in fp32, or with changes; times in seconds, memory in bytes."""
    found = [] if latency is None else [measured("latency", latency, half_width=half_width)]
    found += [] if memory is None else [measured("memory_growth", memory)]
    found += [measured(name, changes.pop(name)) for name in ("device_memory_allocated",) if name in changes]
    plain: dict[str, Any] = {
        "attempt": "attempt",
        "job": "job",
        "sweep": "sweep",
        "model": "minilm",
        "family": "text_embedding",
        "platform": "cpu",
        "precision": "fp32",
        "scenario": "latency",
        "batch_size": 1,
        "sequence_length": 128,
        "new_tokens": None,
        "options": {},
        "fingerprint": "f",
        "verdict": "real",
        "finished_at": datetime(2026, 1, 2, tzinfo=UTC),
        "machine": "box",
        "machine_fingerprint": "m",
        "machine_facts": {"cpu_model": "CPU", "cores": 2, "memory_bytes": 8 * 1024**3, "gpus": [{"name": "GPU"}]},
        "environment": {"python": "3.11", "kernel": "6", "packages": {}, "drivers": {}},
        "facts": {},
        "metrics": {each.metric: each.statistics for each in found},
        "doubts": (),
    }
    return ResultRow(**(plain | changes))
