"""Results as flat records, one for each result and metric, with the columns of the SQL view `measured`. Pure."""

from collections.abc import Sequence
from typing import Any

from farm.contract.metrics import unit_of
from farm.queries.results import ResultRow


def flat_rows(rows: Sequence[ResultRow]) -> list[dict[str, Any]]:
    """Write every metric of every result as a record."""
    return [
        {
            "result": row.attempt,
            "finished_at": row.finished_at,
            "sweep": row.sweep,
            "model": row.model,
            "family": row.family,
            "platform": row.platform,
            "precision": row.precision,
            "scenario": row.scenario,
            "batch_size": row.batch_size,
            "sequence_length": row.sequence_length,
            "new_tokens": row.new_tokens,
            "options": " ".join(row.option_words()),
            "fingerprint": row.fingerprint,
            "machine": row.machine,
            "machine_fingerprint": row.machine_fingerprint,
            "verdict": row.told().lower(),
            "doubts": ", ".join(row.doubts),
            "metric": metric,
            "unit": unit_of(metric),
            **statistics.model_dump(),
        }
        for row in rows
        for metric, statistics in row.metrics.items()
    ]
