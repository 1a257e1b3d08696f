"""Tables of proof: the verdict and why, each layer with its reason, every figure beside its threshold, then and now."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from farm.contract.evidence import Evidence, Layer, by_layer
from farm.contract.judge import wanting
from farm.contract.states import Stage
from farm.queries.results import ResultDetail
from farm.queries.verifications import Side, VerificationRow
from farm.reports.document import Cell, Column, Table

NONE: Final = "none"  # the outcome of a layer that nobody looked at
WHY_NONE: Final = "no evidence was gathered"
ALL_PASSED: Final = "every layer passed"
VERDICT: Final = (
    Column("verdict", "Verdict", badges=True),
    Column("because", "Because"),
    Column("evidence_time", "Evidence took", "s"),
    Column("evidence_share", "Of the attempt", "%"),
)
LAYERS: Final = (Column("layer", "Layer"), Column("outcome", "Outcome", badges=True), Column("reason", "Reason"))
FIGURES: Final = (Column("layer", "Layer"), Column("figure", "Figure"), Column("value", "Value", "si"))
VERIFICATIONS: Final = (
    Column("verification", "Verification"),
    Column("result", "Result"),
    Column("cell", "Cell"),
    Column("outcome", "Outcome", badges=True),
    Column("verdict_before", "Verdict", badges=True),
    Column("verdict_now", "Now", badges=True),
    Column("reason", "Reason"),
    Column("latency_ratio", "Latency now / then", "x"),
    Column("machine", "Machine"),
    Column("elsewhere", "Not where it was"),
    Column("changes", "Software changed"),
    Column("finished_at", "Finished (UTC)"),
)
NO_EVIDENCE: Final = "How long the calls take is no evidence: the ratio of the medians is told for information alone."
COMPARED: Final = (
    Column("result", "Result"),
    Column("layer", "Layer"),
    Column("before", "Before", badges=True),
    Column("now", "Now", badges=True),
    Column("reason", "Reason now"),
    Column("reason_before", "Reason before"),
)
COMPARED_FIGURES: Final = (
    Column("result", "Result"),
    Column("layer", "Layer"),
    Column("figure", "Figure"),
    Column("before", "Before", "si"),
    Column("now", "Now", "si"),
)


def verdict(found: ResultDetail) -> Table:
    """Show what was proven, why it is not more, and what the proof cost."""
    lacking = "; ".join(f"{layer} {outcome}: {reason}" for layer, outcome, reason in why(found.row.evidence))
    seconds = found.row.facts.get("stages", {}).get(Stage.PROVE)
    share = None if seconds is None or found.seconds <= 0 else seconds / found.seconds * 100
    return Table(VERDICT, ((found.row.told(), lacking or ALL_PASSED, seconds, share),))


def layers(evidence: Sequence[Evidence]) -> Table:
    """Show every layer; one that nobody looked at says so."""
    found = by_layer(evidence)
    return Table(LAYERS, tuple((layer, _outcome(found.get(layer)), _reason(found.get(layer))) for layer in Layer))


def figures(evidence: Sequence[Evidence]) -> Table:
    """Show all that the layers were judged by: what was found, and the thresholds."""
    return Table(FIGURES, tuple((item.layer, *line) for item in evidence for line in _lines(item.figures)))


def why(evidence: Sequence[Evidence]) -> list[tuple[Layer, str, str]]:
    """Name each layer that keeps a result from being real, with its outcome and reason."""
    found = by_layer(evidence)
    return [(layer, _outcome(found.get(layer)), _reason(found.get(layer))) for layer in wanting(evidence)]


def verifications(rows: Sequence[VerificationRow]) -> Table:
    """Show each verification on a line."""
    return Table(VERIFICATIONS, tuple(map(_verification, rows)), NO_EVIDENCE if rows else "")


def compared_layers(rows: Sequence[VerificationRow]) -> Table:
    """Show every layer of each verified result, before and now."""
    cells: list[tuple[Cell, ...]] = []
    for before, now in _both(rows):
        then, after = by_layer(before.evidence), by_layer(now.evidence)
        for layer in Layer:
            old, new = then.get(layer), after.get(layer)
            cells.append((before.attempt, layer, _outcome(old), _outcome(new), _reason(new), _reason(old)))
    return Table(COMPARED, tuple(cells))


def compared_figures(rows: Sequence[VerificationRow]) -> Table:
    """Show every figure of each verified result, before and now."""
    cells: list[tuple[Cell, ...]] = []
    for before, now in _both(rows):
        then, after = by_layer(before.evidence), by_layer(now.evidence)
        for layer in Layer:
            old = dict(_lines(then[layer].figures)) if layer in then else {}
            new = dict(_lines(after[layer].figures)) if layer in after else {}
            cells += [(before.attempt, layer, name, old.get(name), new.get(name)) for name in dict.fromkeys(old | new)]
    return Table(COMPARED_FIGURES, tuple(cells))


def _both(rows: Sequence[VerificationRow]) -> Iterator[tuple[Side, Side]]:
    return ((row.before, row.after) for row in rows if row.after is not None)


def _outcome(item: Evidence | None) -> str:
    return NONE if item is None else item.outcome.replace("_", " ")


def _reason(item: Evidence | None) -> str:
    return WHY_NONE if item is None else item.reason


def _verification(row: VerificationRow) -> tuple[Cell, ...]:
    return (
        row.sweep,
        row.before.attempt,
        row.cell,
        row.told(),
        row.before.verdict,
        row.after.verdict if row.after else None,
        row.reason,
        row.latency_ratio(),
        row.after.machine if row.after else None,
        row.elsewhere(),
        ", ".join(row.changes()),
        f"{row.finished_at:%Y-%m-%d %H:%M:%S}" if row.finished_at else None,
    )


def _lines(found: Mapping[str, Any]) -> list[tuple[str, Cell]]:
    """Write figures as lines; lists become words, mappings lines of their own."""
    lines: list[tuple[str, Cell]] = []
    for name, value in found.items():
        if isinstance(value, Mapping):
            lines += [(f"{name}.{inner}", each) for inner, each in _lines(value)]
        elif isinstance(value, list):
            lines.append((name, ", ".join(map(str, value))))
        else:
            lines.append((name, str(value) if isinstance(value, bool) else value))
    return lines
