"""Runs in the peer's own interpreter: some cells through optimum-benchmark, one JSON line for each.

Called by bench/peer.py with a launcher and the cells as JSON: model folder, task, backend, batch_size.
"""

import json
import logging
import os
import sys
import time

os.environ["HF_HUB_OFFLINE"] = "1"

from optimum_benchmark import (
    Benchmark,
    BenchmarkConfig,
    InferenceConfig,
    InlineConfig,
    OVConfig,
    ProcessConfig,
    PyTorchConfig,
)


def run(cell: dict[str, object], launcher: str) -> dict[str, float]:
    """Measure one cell; give medians in seconds, tokens per second, and the wall time of the whole."""
    common = {"model": cell["folder"], "task": cell["task"], "library": "transformers", "device": "cpu"}
    if cell["backend"] == "cpu":
        backend = PyTorchConfig(**common, no_weights=False)
    else:
        hints = {"INFERENCE_PRECISION_HINT": "f32", "KV_CACHE_PRECISION": "f32"}
        backend = OVConfig(**common, export=True, ov_config=hints)
    generates = cell["task"] == "text-generation"
    scenario = InferenceConfig(
        latency=True,
        memory=False,
        iterations=cell["calls"],
        duration=0,
        warmup_runs=6,
        input_shapes={"batch_size": cell["batch_size"], "sequence_length": cell["length"]},
        generate_kwargs={"max_new_tokens": cell["new_tokens"], "min_new_tokens": cell["new_tokens"]}
        if generates
        else {},
    )
    how = InlineConfig() if launcher == "inline" else ProcessConfig(device_isolation=False)
    began = time.perf_counter()
    told = Benchmark.launch(BenchmarkConfig(name="peer", backend=backend, scenario=scenario, launcher=how)).to_dict()
    found = {"wall": time.perf_counter() - began}
    if generates:
        found["latency"] = float(told["prefill"]["latency"]["p50"]) + float(told["decode"]["latency"]["p50"])
        found["tokens"] = (int(str(cell["new_tokens"])) - 1) / float(told["decode"]["latency"]["p50"])
    else:
        found["latency"] = float(told["forward"]["latency"]["p50"])
    return found


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    for each in json.loads(sys.argv[2]):
        print("RESULT " + json.dumps(run(each, sys.argv[1])), flush=True)
