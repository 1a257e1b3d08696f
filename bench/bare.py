"""What the plain scripts beside this file share: their arguments, and a loop that anybody would write.

Each of them stands for somebody's own benchmark of one model: no code of the farm, just transformers or OpenVINO.

    .venv/bin/python bench/bare_gpt2.py cpu MODEL_FOLDER
    .venv/bin/python bench/bare_gpt2.py openvino MODEL_FOLDER --graphs FOLDER_WITH_IR
"""

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

WARMUP = 6  # calls


class Asked(NamedTuple):
    """What a script is to do."""

    platform: str
    folder: Path
    graphs: Path
    calls: int
    threads: int  # 0: as many as the runtime takes by itself


def asked() -> Asked:
    """Read the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("platform", choices=("cpu", "openvino"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--graphs", type=Path, default=Path())
    parser.add_argument("--calls", type=int, default=30)
    parser.add_argument("--threads", type=int, default=0)
    found = parser.parse_args()
    return Asked(found.platform, found.folder, found.graphs, found.calls, found.threads)


def run(by_torch: Callable[[Asked], Callable[[], Any]], by_openvino: Callable[[Asked], Callable[[], Any]]) -> None:
    """Do what the command line asks."""
    given = asked()
    if given.platform == "cpu":
        import torch

        torch.set_num_threads(given.threads or torch.get_num_threads())
    report(by_torch(given) if given.platform == "cpu" else by_openvino(given), given.calls)


def compiled(graph: Any, count: int) -> Any:
    """Compile an OpenVINO graph for one call at a time in fp32 on so many threads, and give its infer request."""
    import openvino as ov

    hints = {"INFERENCE_PRECISION_HINT": "f32", "KV_CACHE_PRECISION": "f32", "PERFORMANCE_HINT": "LATENCY"}
    if count:
        hints["INFERENCE_NUM_THREADS"] = str(count)
    return ov.Core().compile_model(graph, "CPU", hints).create_infer_request()


def report(call: Callable[[], Any], calls: int) -> None:
    """Time some calls and print their median in seconds."""
    for _ in range(WARMUP):
        call()
    times = []
    for _ in range(calls):
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    print(statistics.median(times))
