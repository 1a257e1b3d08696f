"""Print every honest result that the farm does not call REAL: the false alarms of its evidence.

    .venv/bin/python bench/honest.py [--rounds 3] [--models minilm gpt2] [--platforms cpu openvino]

Every reference model on every platform of this box in every precision, measured shortly, as `farm run` does it, so many
times over. A line per false alarm gives the layer, its reason and its figures. After each round a line per figure names
the result that came nearest to its threshold, as the share of its room that it used: at 1 it fails. The last line
counts them all. What a platform cannot do is unsupported and not counted.
"""

import argparse
import json
from collections import Counter

from farm_run import Measured, farm_run
from nearness import nearness

from farm.contract.evidence import Outcome, Verdict
from farm.sweeps.catalogue import read_catalogue

SWEEP = """
name: honest
models: [{models}]
platforms: [{platforms}]
precision: [fp32, bf16, int8]
sequence_length: 128
new_tokens: 8
measure: {{min_iterations: 9, min_seconds: 0.2, max_seconds: 6, warmup_seconds: 2, rel_precision: 0.05}}
timeout: 600
max_attempts: 1
"""


def tell(each: Measured) -> list[str]:
    """Print what failed in one result; give the layers."""
    failed = [item for item in each.detail.row.evidence if item.outcome == Outcome.FAIL]
    for item in failed:
        print(f"{each.name()}: {item.layer}: {item.reason}\n    {json.dumps(item.figures)}", flush=True)
    if not failed:
        print(f"{each.name()}: {each.detail.row.verdict}, though no layer failed", flush=True)
    return [item.layer for item in failed]


def nearest(measured: list[Measured]) -> None:
    """Print which result came nearest to each threshold."""
    found: dict[tuple[str, str], tuple[float, str]] = {}
    for each in measured:
        for item in each.detail.row.evidence:
            for figure, share in nearness(item):
                at = (item.layer, figure)
                found[at] = max(found.get(at, (0.0, "")), (share, each.name()))
    for (layer, figure), (share, name) in sorted(found.items()):
        print(f"{layer:14} {figure:28} {share:6.3f}  {name}", flush=True)


def main() -> None:
    """Run the rounds and count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--models", nargs="*", default=[name for name in read_catalogue().models if name != "fake-model"]
    )
    parser.add_argument("--platforms", nargs="*", default=["cpu", "openvino"])
    asked = parser.parse_args()
    sweep = SWEEP.format(models=", ".join(asked.models), platforms=", ".join(asked.platforms))
    counted: Counter[str] = Counter()
    for _ in range(asked.rounds):
        ran = farm_run(sweep)
        for each in ran.measured:
            counted["results"] += 1
            if each.detail.row.verdict != Verdict.REAL:
                counted["false alarms"] += 1
                counted.update(tell(each))
        nearest(ran.measured)
        for failed in ran.failed:
            counted["failed jobs"] += 1
            print(failed, flush=True)
    print(", ".join(f"{name}: {count}" for name, count in counted.items()))


if __name__ == "__main__":
    main()
