"""Print how much the median of one cell differs from run to run, with and without affinity, on each platform.

    .venv/bin/python bench/repeatability.py [--model minilm] [--runs 10] [--platforms cpu openvino]

Each run is a fresh process that loads, warms up and samples as a job does. The settings take turns, so that all see the
same noise of the machine. CV: standard deviation of the runs' medians over their mean. Within: the median over the runs
of the same within one run, from the single calls.
"""

import argparse
import os
import statistics
from typing import Any

from fresh import in_fresh_process

from farm.contract.job import Assignment, JobSpec, Measure, ModelReference
from farm.contract.requirement import Requirement
from farm.settings import read_settings
from workers import cell
from workers.probe import usable_processors

FAMILY = {"minilm": "text_embedding", "bert-tiny": "text_embedding", "fake-model": "fake"}


def assignment(model: str, platform: str, *, pin: bool) -> Assignment:
    """One cell at fp32 with 128 tokens."""
    spec = JobSpec(
        model=ModelReference(name=model, source="zoo", location=model, family=FAMILY[model]),
        platform=platform,
        precision="fp32",
        sequence_length=128,
        options={"pin": True} if pin else {},
        requirement=Requirement(tags=(platform,)),
        measure=Measure(),
    )
    return Assignment(spec=spec, cache_dir=str(read_settings().cache_dir), threads=usable_processors(), offline=True)


def calls(given: Assignment) -> tuple[float, ...]:
    """Measure as a job does; give the seconds of each timed call."""
    outcome = cell.measure(given, lambda _: None)
    return next(each.samples for each in outcome.readings if each.metric == "latency")


def variation(values: Any) -> float:
    """Standard deviation over mean."""
    return statistics.stdev(values) / statistics.mean(values)


def main() -> None:
    """Print one line per platform and affinity."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=FAMILY, default="minilm")
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--platforms", nargs="+", default=["cpu", "openvino"])
    asked = parser.parse_args()
    keys = [(platform, pin) for platform in asked.platforms for pin in (False, True)]
    cells = {(platform, pin): assignment(asked.model, platform, pin=pin) for platform, pin in keys}
    for given in cells.values():
        cell.prepare(given, lambda _: None)
    runs: dict[tuple[str, bool], list[Any]] = {key: [] for key in cells}
    for _ in range(asked.runs):
        for key, given in cells.items():
            runs[key].append(in_fresh_process(calls, given))
    print(f"{asked.model}, {asked.runs} runs each, load {os.getloadavg()[0]:.1f} of {os.cpu_count()} processors")
    print("platform  pin   median ms   CV between %   CV within %   least ms   most ms")
    for (platform, pin), found in runs.items():
        medians = [statistics.median(each) for each in found]
        within = statistics.median(variation(each) for each in found)
        middle, least, most = (pick(medians) * 1e3 for pick in (statistics.median, min, max))
        spreads = f"{variation(medians) * 100:14.2f} {within * 100:13.2f}"
        print(f"{platform:9} {'yes' if pin else 'no':4} {middle:10.2f} {spreads} {least:10.2f} {most:9.2f}")


if __name__ == "__main__":
    main()
