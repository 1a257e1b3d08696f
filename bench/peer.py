"""Compare the farm with optimum-benchmark on the same model folders: medians, wall time of ten cells, repeatability.

The peer needs companions of its own, in its own virtual environment:

    python -m venv peer && peer/bin/pip install torch==2.13.0
    peer/bin/pip install optimum-benchmark "transformers<5" "optimum-intel<2" openvino nncf "datasets<4.2"
    .venv/bin/python bench/peer.py peer/bin/python [--rounds 3]

Ten cells: minilm at batch 1 to 4, and gpt2 with 128 tokens in and 8 out, on PyTorch and OpenVINO at fp32, 30 calls
each. The farm runs them as `farm run` does, each in isolated processes; its models are built and converted before the
clock starts (it keeps them; the peer exports anew for each cell). The peer runs them all in one process (`inline`), and
each in a process of its own (`process`).
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from farm.contract.job import ModelReference
from farm.settings import read_settings
from workers.models import resolve

HERE = Path(__file__).parent
CALLS, LENGTH, NEW_TOKENS = 30, 128, 8
TASKS = {"minilm": "feature-extraction", "gpt2": "text-generation"}
Cell = tuple[str, str, int]  # model, platform, batch size
CELLS: tuple[Cell, ...] = (
    *(("minilm", platform, batch) for platform in ("cpu", "openvino") for batch in (1, 2, 3, 4)),
    ("gpt2", "cpu", 1),
    ("gpt2", "openvino", 1),
)
SWEEP = f"""
name: peer
models: [minilm, gpt2]
platforms: [cpu, openvino]
batch_size: [1, 2, 3, 4]
sequence_length: {LENGTH}
new_tokens: {NEW_TOKENS}
exclude: [{{model: gpt2, batch_size: [2, 3, 4]}}]
measure: {{min_iterations: {CALLS}, max_iterations: {CALLS}, min_seconds: 0, max_seconds: 300}}
"""


def by_farm(cells: Sequence[Cell]) -> tuple[dict[Cell, dict[str, float]], float]:
    """Run the sweep; give each cell's figures and the wall time."""
    farm = [sys.executable, "-c", "from farm.cli import main; main()"]
    with tempfile.TemporaryDirectory() as folder:
        sweep, db = Path(folder) / "sweep.yaml", f"sqlite:///{folder}/farm.sqlite3"
        sweep.write_text(SWEEP)
        began = time.perf_counter()
        command = [*farm, "run", str(sweep), "--db", db, "--report", f"{folder}/report"]
        subprocess.run(command, check=True, capture_output=True)
        wall = time.perf_counter() - began
        listed = subprocess.run([*farm, "results", "--db", db, "-f", "json"], check=True, capture_output=True)
        ids = [row["result"] for row in json.loads(listed.stdout)]
        found: dict[Cell, dict[str, float]] = {}
        for each in ids:
            command = [*farm, "results", "show", each, "--db", db, "-f", "json"]
            shown = subprocess.run(command, check=True, capture_output=True)
            cell, figures = _figures(json.loads(shown.stdout))
            found[cell] = figures
    return {cell: found[cell] for cell in cells}, wall


def _figures(told: Any) -> tuple[Cell, dict[str, float]]:
    result = told["result"][0]
    medians = {row["metric"]: row["median"] for row in told["metrics"]}
    figures = {"latency": medians["latency"]}
    if "decode_tokens_per_second" in medians:
        figures["tokens"] = medians["decode_tokens_per_second"]
    return (result["model"], result["platform"], int(result["batch_size"])), figures


def by_peer(python: str, launcher: str, cells: Sequence[Cell]) -> tuple[dict[Cell, dict[str, float]], float]:
    """Run the cells through the peer; give each cell's figures and the wall time of all."""
    asked = [
        {
            "folder": str(_folder(model)),
            "task": TASKS[model],
            "backend": platform,
            "batch_size": batch,
            "length": LENGTH,
            "new_tokens": NEW_TOKENS,
            "calls": CALLS,
        }
        for model, platform, batch in cells
    ]
    began = time.perf_counter()
    command = [python, str(HERE / "peer_run.py"), launcher, json.dumps(asked)]
    with tempfile.TemporaryDirectory() as folder:  # it writes a log where it runs
        done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=folder)
    wall = time.perf_counter() - began
    lines = [line.removeprefix("RESULT ") for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    return {cell: json.loads(line) for cell, line in zip(cells, lines, strict=True)}, wall


def _folder(model: str) -> Path:
    reference = ModelReference(name=model, source="zoo", location=model, family="")
    cache = read_settings().cache_dir
    return resolve(reference, cache_dir=cache, model_roots=(), remote_code=(), offline=True).path


def main() -> None:
    """Print the table of ratios, the wall times and the spread over the rounds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("python", help="the interpreter that has optimum-benchmark")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--process", action="store_true", help="the isolating launcher too; it takes minutes")
    asked = parser.parse_args()
    by_farm(CELLS)  # builds and converts
    farms, peers = [], []
    for _ in range(asked.rounds):
        farms.append(by_farm(CELLS))
        peers.append(by_peer(asked.python, "inline", CELLS))
    print("cell                     farm ms  peer inline ms  farm/peer   spread farm  spread peer")
    for cell in CELLS:
        ours, theirs = ([found[cell]["latency"] for found, _ in each] for each in (farms, peers))
        print(
            f"{cell[0]:8} {cell[1]:9} {cell[2]:2}    {_ms(ours):8.2f}  {_ms(theirs):14.2f}  "
            f"{statistics.median(ours) / statistics.median(theirs):9.3f}  "
            f"{_spread(ours):11.1%}  {_spread(theirs):11.1%}"
        )
    for cell in CELLS:
        if "tokens" in farms[0][0][cell]:
            ours, theirs = ([found[cell]["tokens"] for found, _ in each] for each in (farms, peers))
            ratio = statistics.median(ours) / statistics.median(theirs)
            print(f"{cell[0]} {cell[1]}: decode tokens/s, farm over peer {ratio:.3f}")
    walls = [statistics.median(wall for _, wall in each) for each in (farms, peers)]
    print(
        f"wall of {len(CELLS)} cells: farm {walls[0]:.1f} s, peer inline {walls[1]:.1f} s: {walls[1] / walls[0]:.1f}x"
    )
    if asked.process:
        _, wall = by_peer(asked.python, "process", CELLS)
        print(f"peer process {wall:.1f} s: {wall / walls[0]:.1f}x")


def _ms(seconds: Sequence[float]) -> float:
    return statistics.median(seconds) * 1e3


def _spread(values: Sequence[float]) -> float:
    return statistics.stdev(values) / statistics.mean(values) if len(values) > 1 else 0.0


if __name__ == "__main__":
    main()
