"""Print what the evidence costs: the share of an attempt's time that gathering it takes, at default settings.

    .venv/bin/python bench/proving.py [--rounds 3] [--models minilm gpt2 whisper-tiny clip]

Time of an attempt = from claim to settled, as `farm run` does it, with everything prepared by a round that is not
counted. Time of proving = the stage `prove` of its children; inputs for questions are made before, with the job's own.
"""

import argparse
import statistics
from collections import defaultdict

from farm_run import farm_run

SWEEP = """
name: proving
models: [{models}]
platforms: [cpu, openvino]
precision: [fp32, fast]
sequence_length: 128
"""
MODELS = ("minilm", "gpt2", "whisper-tiny", "clip")


def main() -> None:
    """Print one line per cell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--models", nargs="*", default=MODELS)
    asked = parser.parse_args()
    sweep = SWEEP.format(models=", ".join(asked.models))
    cells = defaultdict(list)
    for number in range(asked.rounds + 1):
        for each in farm_run(sweep).measured:
            if number:
                cells[each.name()].append((each.proving(), each.seconds))
    print("share %  proving s  attempt s  cell (medians of the rounds)")
    for name, times in cells.items():
        share = statistics.median(proving / whole for proving, whole in times)
        proving, whole = (statistics.median(column) for column in zip(*times, strict=True))
        print(f"{share:7.1%}  {proving:9.3f}  {whole:9.3f}  {name}")


if __name__ == "__main__":
    main()
