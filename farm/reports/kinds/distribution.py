"""How the timed calls of results are spread: every sample, quantiles, modes to be seen, and what is doubted."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from farm.contract.errors import UnknownName, UserMistake
from farm.contract.metrics import METRICS
from farm.queries.results import ResultDetail, find_result
from farm.queries.sweeps import get_sweep
from farm.reports.chart import Axis, Chart, Drawn, Mark, Series
from farm.reports.document import Cell, Column, Document, Section, Table
from farm.reports.kinds import Request
from farm.reports.kinds._asked import results_asked
from farm.reports.samples import sparkline

Samples = NDArray[np.float64]

WORDS: Final = "[RESULT...|SWEEP]"
TAKES: Final = ("question", "metric")
MOST: Final = 8  # results in one picture: as many as there are colours
MOST_STEPS: Final = 400  # of one curve: more cannot be seen
LEAST_BINS, MOST_BINS = 5, 60
WIDE: Final = 5.0  # times the least, from which a scale is by ratios
NOTE: Final = (
    "Percentiles stand where n supports them: at least one sample is expected beyond. ± is half the 95 % interval of "
    "the median. Modes are the steep parts of the curve and the hills of the histogram."
)
DOUBTS: Final = (
    Column("result", "Result"),
    Column("doubt", "Doubt", badges=True),
    Column("figure", "Figure", "si"),
    Column("detail", "Detail"),
)


def build(session: Session, request: Request) -> Document:
    """Show the samples of the named results, or of those that the filters let through, up to so many.

    Raises: UnknownName where there are none, UserMistake for too many, or more than one metric.
    """
    metric = _metric(request.metric)
    found = [each for each in _results(session, request, metric) if each.samples.get(metric)]
    if not found:
        raise UnknownName(f"no samples of {metric} are kept of these results; `farm results show ID` tells what is")
    names = _names(found)
    pooled = [np.concatenate([np.asarray(each) for each in detail.samples[metric]]) for detail in found]
    unit = METRICS[metric].unit
    table = Table(_columns(unit), tuple(_cells(*each, metric) for each in zip(found, names, strict=True)), NOTE)
    curves, bins = _cumulative(pooled, names, metric), _histogram(pooled, names, metric)
    sections = [
        Section(
            METRICS[metric].title,
            (METRICS[metric].meaning,),
            (table._replace(command=_command(found)),),
            (curves, bins),
        )
    ]
    sections += [_repeats(found, names, metric), *_doubts(found, names)]
    title = names[0] if len(found) == 1 else f"{len(found)} results"
    return Document(f"Distribution of {METRICS[metric].title.lower()}: {title}", tuple(sections))


def _command(found: Sequence[ResultDetail]) -> str:
    return "; ".join(f"farm results show {detail.row.attempt}" for detail in found)


def _metric(asked: Sequence[str]) -> str:
    if len(asked) > 1:
        raise UserMistake("a distribution is of one metric: give --metric once")
    return asked[0] if asked else "latency"


def _results(session: Session, request: Request, metric: str) -> list[ResultDetail]:
    """Find the results by their ids; one word may also name a sweep."""
    words = tuple(dict.fromkeys(request.words))
    if words and "question" not in request.given():
        try:
            return [find_result(session, word) for word in _few(words)]
        except UnknownName:
            if len(words) > 1 or not _is_sweep(session, words[0]):
                raise
    if len(words) > 1:
        raise UserMistake("name results by their ids, or ask for them by filters, not both")
    rows = results_asked(session, request, metrics=(metric,)).rows
    return [find_result(session, word) for word in _few([row.attempt for row in rows if metric in row.metrics])]


def _is_sweep(session: Session, word: str) -> bool:
    try:
        get_sweep(session, word)
    except UnknownName:
        return False
    return True


def _few(ids: Sequence[str]) -> Sequence[str]:
    if len(ids) > MOST:
        raise UserMistake(
            f"{len(ids)} results are too many for one picture, which holds {MOST}; narrow them by --model, --platform, "
            "--precision, or name some by their ids"
        )
    return ids


def _names(found: Sequence[ResultDetail]) -> list[str]:
    """Name results by what tells them apart; by their ids where nothing else does."""
    names = [f"{detail.row.model} · {detail.row.variant()}" for detail in found]
    settings = [f"{name} · {detail.row.settings()}" for name, detail in zip(names, found, strict=True)]
    ids = [f"{name} · {detail.row.attempt}" for name, detail in zip(names, found, strict=True)]
    return next((each for each in (names, settings) if len(set(each)) == len(each)), ids)


def _columns(unit: str) -> tuple[Column, ...]:
    quantiles = (("median", "p50"), ("p90", "p90"), ("p95", "p95"), ("p99", "p99"), ("maximum", "Most"))
    return (
        Column("what", "What"),
        Column("result", "Result"),
        Column("n", "n", "1"),
        Column("repeats", "Processes", "1"),
        Column("minimum", "Least", unit),
        *(Column(key, title, unit) for key, title in quantiles),
        Column("interval", "± (95 %)", "%"),
        Column("stddev", "Spread within", unit),
        Column("between_stddev", "Between", unit),
        Column("machine", "Machine"),
        Column("verdict", "Verdict", badges=True),
        Column("doubts", "Doubts", badges=True),
    )


def _cells(detail: ResultDetail, name: str, metric: str) -> tuple[Cell, ...]:
    row, found = detail.row, detail.row.metrics[metric]
    known = found.ci_low is not None and found.ci_high is not None and found.median
    return (
        *(name, row.attempt, found.n, found.repeats),
        *(found.minimum, found.median, found.p90, found.p95, found.p99, found.maximum),
        ((found.ci_high or 0) - (found.ci_low or 0)) / 2 / found.median * 100 if known else None,
        *(found.stddev, found.between_stddev),
        *(row.machine, row.told(), ", ".join(row.doubts)),
    )


def _cumulative(pooled: Sequence[Samples], names: Sequence[str], metric: str) -> Chart:
    """Draw the share of calls that took at most so long."""
    series = []
    for colour, (samples, name) in enumerate(zip(pooled, names, strict=True)):
        shares = np.unique(np.linspace(1, len(samples), min(len(samples), MOST_STEPS)).round().astype(int))
        ordered = np.sort(samples)[shares - 1]
        marks = [Mark(float(ordered[0]), 0.0)]
        marks += [Mark(float(x), float(y) * 100) for x, y in zip(ordered, shares / len(samples), strict=True)]
        series.append(Series(f"{name}, n = {len(samples)}", tuple(marks), Drawn.STEPS, colour))
    title = METRICS[metric].title
    tells = f"The share of samples up to each {title.lower()}; the quantiles stand in the table."
    return Chart(f"{title}: share of samples up to", tells, _axis(pooled, metric), Axis("Share", "%"), tuple(series))


def _histogram(pooled: Sequence[Samples], names: Sequence[str], metric: str) -> Chart:
    """Draw how many samples fall into each of some equal classes, the same for all results."""
    axis = _axis(pooled, metric)
    together = np.concatenate(list(pooled))
    scaled = np.log(together) if axis.log else together
    bins = _classes(scaled)
    edges = np.linspace(scaled.min(), scaled.max(), bins + 1)
    edges = np.exp(edges) if axis.log else edges
    edges[0], edges[-1] = together.min(), together.max()  # as they are, not as logarithms have rounded them
    series = []
    for colour, (samples, name) in enumerate(zip(pooled, names, strict=True)):
        counts, _ = np.histogram(samples, np.r_[edges[:-1], np.nextafter(edges[-1], np.inf)])
        heights = [*(counts / len(samples) * 100).tolist(), 0.0]
        marks = [Mark(float(edges[0]), 0.0)]
        marks += [Mark(float(x), float(y)) for x, y in zip(edges, heights, strict=True)]
        series.append(Series(f"{name}, n = {len(samples)}", tuple(marks), Drawn.STEPS, colour))
    title = METRICS[metric].title
    tells = f"The share of samples in each of {bins} classes; a result with two hills has two modes."
    return Chart(f"{title}: share of samples in classes", tells, axis, Axis("Share", "%"), tuple(series))


def _classes(values: Samples) -> int:
    """Give the number of classes by the rule of Freedman and Diaconis (1981), within bounds."""
    spread = float(np.ptp(values))
    quartiles = np.quantile(values, [0.25, 0.75])
    width = 2 * float(quartiles[1] - quartiles[0]) / len(values) ** (1 / 3)
    if not spread:
        return 1
    return int(np.clip(spread / width, LEAST_BINS, MOST_BINS)) if width else MOST_BINS


def _axis(pooled: Sequence[Samples], metric: str) -> Axis:
    least, most = min(each.min() for each in pooled), max(each.max() for each in pooled)
    return Axis(METRICS[metric].title, METRICS[metric].unit, log=bool(least > 0 and most > WIDE * least))


def _repeats(found: Sequence[ResultDetail], names: Sequence[str], metric: str) -> Section:
    """Show every process alone, with its samples in the order in which they were taken."""
    unit = METRICS[metric].unit
    columns = (
        Column("what", "What"),
        Column("repeat", "Process", "1"),
        Column("n", "n", "1"),
        Column("median", "p50", unit),
        Column("in_order", "In their order"),
    )
    cells = tuple(
        (name, number, len(samples), float(np.median(samples)), sparkline(samples))
        for detail, name in zip(found, names, strict=True)
        for number, samples in enumerate(detail.samples[metric], start=1)
        if samples
    )
    return Section("Each process", (), (Table(columns, cells, "", _command(found)),))


def _doubts(found: Sequence[ResultDetail], names: Sequence[str]) -> list[Section]:
    cells = tuple((name, *doubt) for detail, name in zip(found, names, strict=True) for doubt in detail.doubts)
    if not cells:
        return [Section("Doubts", ("Nothing is doubted.",))]
    return [Section("Doubts", (), (Table(DOUBTS, cells, "", _command(found)),))]
