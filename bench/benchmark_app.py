"""Print the farm's median over that of OpenVINO's own benchmark_app on the same graph, in turns.

    .venv/bin/python bench/benchmark_app.py [--rounds 5]

benchmark_app times the graph alone; the farm's call also pools, normalises and copies the vectors out (minilm), or
copies them out (clip).
"""

import argparse
import re
import statistics
import subprocess
import sys
from pathlib import Path

from fidelity import assignment, in_fresh_process

from workers import cell
from workers.opening import open_cell
from workers.platforms._openvino_export import WHOLE, exported

MODELS = ("minilm", "clip")
CALLS = 60
MEDIAN = re.compile(r"Median:\s+([\d.]+) ms")


def by_app(graph: Path, shapes: str, threads: int) -> float:
    """Run benchmark_app; give its median in seconds."""
    app = Path(sys.executable).parent / "benchmark_app"
    command = [app, "-m", graph, "-d", "CPU", "-api", "sync", "-hint", "none", "-nstreams", "1", "-niter", str(CALLS)]
    command += ["-nthreads", str(threads), "-infer_precision", "f32", "-data_shape", shapes]
    done = subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True)
    found = MEDIAN.search(done.stdout)
    if found is None:
        raise SystemExit(f"benchmark_app printed no median:\n{done.stdout[-500:]}")
    return float(found[1]) / 1e3


def main() -> None:
    """Print one line per model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    print("model   farm ms  benchmark_app ms  farm/app (median; each round)")
    for model in MODELS:
        given = assignment(model, "openvino")
        cell.prepare(given, lambda _: None)
        opened = open_cell(given)
        graph = exported(opened.request())[0] / WHOLE
        shapes = ",".join(f"{name}[{','.join(map(str, array.shape))}]" for name, array in opened.inputs.items())
        pairs = [(in_fresh_process(given), by_app(graph, shapes, given.threads)) for _ in range(asked.rounds)]
        ratios = [ours / theirs for ours, theirs in pairs]
        farm, app = (statistics.median(each) * 1e3 for each in zip(*pairs, strict=True))
        shown = " ".join(f"{ratio:.3f}" for ratio in ratios)
        print(f"{model:7} {farm:7.2f}  {app:16.2f}  {statistics.median(ratios):.3f} ({shown})", flush=True)


if __name__ == "__main__":
    main()
