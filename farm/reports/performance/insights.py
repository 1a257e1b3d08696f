"""What the figures say, in sentences: each is reckoned from REAL results, and left out where they do not bear it."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from farm.contract.states import JobState
from farm.queries.acceleration import BASE_PLATFORM, BASE_PRECISION, Acceleration, SpeedUp, geometric_mean, undoubted
from farm.queries.jobs import JobRow
from farm.queries.ranking import rank
from farm.queries.results import ResultRow
from farm.reports.document import Section
from farm.reports.performance.naming import named_among
from farm.reports.units import shown

TITLE: Final = "Key insights"
FRACTION: Final = "roofline_fraction"
NAMED: Final = 3  # models that a sentence names


def sections(rows: Sequence[ResultRow], jobs: Sequence[JobRow], compared: Acceleration) -> list[Section]:
    """Write what follows from the figures; nothing where nothing does."""
    told = [*_wins(rows), *_gains(compared), *_losses(compared), *_precisions(compared), *_memory(compared)]
    told += [*_limits(rows), *_failures(jobs)]
    return [Section(TITLE, tuple(told))] if told else []


def _wins(rows: Sequence[ResultRow]) -> list[str]:
    """Say how often each platform is surely the fastest, and how often nobody is."""
    ranked = [found for found in rank(rows) if found.second is not None]
    if not ranked:
        return []
    wins = Counter(found.first.platform for found in ranked if not found.tied and not found.first.doubts)
    words = [f"{platform} is fastest at {count}" for platform, count in wins.most_common()]
    tied = sum(found.tied for found in ranked)
    doubted = sum(bool(found.first.doubts) for found in ranked if not found.tied)
    words += [f"{tied} tied"] if tied else []
    words += [f"in {doubted} the fastest is doubted"] if doubted else []
    return [f"Pieces of work that were done in more than one way: {len(ranked)}; {', '.join(words)}."]


def _gains(compared: Acceleration) -> list[str]:
    """Name the models that gain most from another platform, each at its fastest."""
    found = [pair for pair in undoubted(compared.best) if pair.row.platform != BASE_PLATFORM and _surely(pair) > 1]
    if not found:
        return []
    first = sorted(found, key=lambda pair: -pair.speed_up)[:NAMED]
    words = _told(first, compared.best)
    return [f"Against {BASE_PLATFORM} {BASE_PRECISION}, the greatest speed-ups are {'; '.join(words)}."]


def _losses(compared: Acceleration) -> list[str]:
    """Name what is surely slower than PyTorch on the CPU at the same precision."""
    found = [pair for pair in undoubted(compared.equal) if _surely(pair) < 1]
    if not found:
        return []
    first = sorted(found, key=lambda pair: pair.speed_up)[:NAMED]
    words = _told(first, compared.equal)
    more = f", and {len(found) - len(first)} more" if len(found) > len(first) else ""
    return [f"Slower than {BASE_PLATFORM} at the same precision: {'; '.join(words)}{more}."]


def _precisions(compared: Acceleration) -> list[str]:
    """Say what a lower precision brings on the base platform, where only the precision differs."""
    own = [pair for pair in undoubted(compared.across) if pair.row.platform == BASE_PLATFORM and not pair.row.options]
    told = []
    for precision in dict.fromkeys(pair.row.precision for pair in own):
        found = [pair.speed_up for pair in own if pair.row.precision == precision]
        ends = f"{shown(min(found), 'x')} to {shown(max(found), 'x')}" if len(found) > 1 else "one model"
        mean = shown(geometric_mean(found), "x")
        told.append(
            f"{BASE_PLATFORM} {precision} against {BASE_PRECISION}: {mean} (geometric mean of {len(found)}; {ends})."
        )
    return told


def _memory(compared: Acceleration) -> list[str]:
    """Say what memory each platform takes at equal precision, of one kind of memory at a time."""
    told = []
    pairs = [pair for pair in undoubted(compared.equal) if pair.memory_ratio]
    for platform, kind in dict.fromkeys((pair.row.platform, pair.memory_of) for pair in pairs):
        alike = [pair for pair in pairs if (pair.row.platform, pair.memory_of) == (platform, kind)]
        ratios = {pair.memory_ratio or 1.0: pair for pair in alike}
        most = ratios[max(ratios)].row
        name = named_among([pair.row for pair in alike])
        mean = geometric_mean([pair.memory_ratio or 1.0 for pair in alike])
        told.append(
            f"{platform} takes {shown(mean, 'x')} the memory of {BASE_PLATFORM} ({kind}, equal precision, geometric "
            f"mean of {len(alike)}); the most is {name(most)} {most.precision}, {shown(max(ratios), 'x')}."
        )
    return told


def _limits(rows: Sequence[ResultRow]) -> list[str]:
    """Say which limit binds, and what comes nearest to its roof."""
    placed = [row for row in rows if row.told() == "REAL" and row.median(FRACTION) and "roofline" in row.facts]
    sound = [row for row in placed if not row.doubts]
    if not sound:
        return []
    memory = sum(row.facts["roofline"]["binds"] == "memory" for row in placed)
    best = max(sound, key=lambda row: row.median(FRACTION) or 0.0)
    share, error = (best.median(FRACTION) or 0.0) * 100, float(best.facts["roofline"]["error"]) * 100
    return [
        f"{memory} of {len(placed)} results are bound by memory, {len(placed) - memory} by compute. Nearest to its "
        f"roof is {named_among(rows)(best)} on {best.variant()} with {shown(share, '%')} (± {shown(error, '%')})."
    ]


def _failures(jobs: Sequence[JobRow]) -> list[str]:
    failed = Counter(job.reason.partition(" ")[0] for job in jobs if job.state == JobState.FAILED)
    if not failed:
        return []
    words = ", ".join(f"{count} {code}" for code, count in failed.most_common())
    return [f"{sum(failed.values())} of {len(jobs)} jobs failed: {words}."]


def _told(pairs: Sequence[SpeedUp], among: Sequence[SpeedUp]) -> list[str]:
    name = named_among([pair.row for pair in among])
    return [f"{name(pair.row)} on {pair.row.variant()} ({_figure(pair)})" for pair in pairs]


def _surely(pair: SpeedUp) -> float:
    """Give the speed-up at the end of its interval that is nearest to no difference; 1 where it reaches that."""
    half = pair.half_interval()
    if half is None:
        return 1.0
    low, high = pair.speed_up * (1 - half), pair.speed_up * (1 + half)
    return low if low > 1 else high if high < 1 else 1.0


def _figure(pair: SpeedUp) -> str:
    half = pair.half_interval()
    return shown(pair.speed_up, "x") + ("" if half is None else f" ± {shown(half * 100, '%')}")
