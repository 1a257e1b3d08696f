"""Print the memory that measuring itself adds to a child, beside the runtime and the model.

    .venv/bin/python bench/self_memory.py [--calls 2000] [--rounds 3]

One fresh process loads bert-tiny on PyTorch and runs a bare loop that keeps its times; another one measures the same
engine as a job does: meters, warm-up, sampling, doubts. Unique: unique set (USS) at the end. Peak: VmHWM, started anew
when the model is loaded. Both have made the same number of calls.
"""

import argparse
import statistics
import time
from pathlib import Path
from typing import Any, Final

import psutil
from fresh import in_fresh_process
from repeatability import assignment

from farm.contract.job import Assignment
from workers.engine import LoadRequest
from workers.models import resolve

MIB: Final = 1024**2


def held() -> tuple[int, int]:
    """Give unique and peak memory in bytes."""
    status = Path("/proc/self/status").read_text().splitlines()
    peak = next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))
    return psutil.Process().memory_full_info().uss, peak


def workload(given: Assignment) -> Any:
    """Load bert-tiny and bind its inputs; then let the peak start anew."""
    from workers.families import text_embedding
    from workers.platforms import cpu

    folder = resolve(given.spec.model, cache_dir=Path(given.cache_dir), model_roots=(), remote_code=(), offline=True)
    inputs, _ = text_embedding.WORKLOADS.inputs(folder.path, given.spec)
    request = LoadRequest(folder, "FeatureExtraction", "fp32", {}, given.threads, Path(given.cache_dir))
    work = text_embedding.WORKLOADS.workload(cpu.PLATFORM.load(request), inputs, given.spec, folder.path)
    work.call()
    Path("/proc/self/clear_refs").write_text("5")
    return work


def bare(given: Assignment) -> tuple[int, int]:
    """Call and keep the times."""
    work = workload(given)
    times = []
    for _ in range(given.spec.measure.max_iterations):
        began = time.perf_counter_ns()
        work.call()
        times.append((began, time.perf_counter_ns()))
    return held()


def measured(given: Assignment) -> tuple[int, int]:
    """Do all that a job does around the calls."""
    work = workload(given)
    from workers import meters
    from workers.measure.sampling import sample
    from workers.measure.warmup import warm_up
    from workers.meter import meters_in

    read = meters_in(meters, device="host")
    for meter in read:
        meter.before_loading()
    warm_up(work.call, seconds=0)
    for meter in read:
        meter.before_calls()
    sampled = sample(work, given.spec.measure)
    for meter in read:
        meter.after_calls()
    kept = [meter.readings(sampled.calls, batch_size=1) for meter in read], sampled.doubts
    found = held()
    del kept
    return found


def main() -> None:
    """Print one line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    given = assignment("bert-tiny", "cpu", pin=False)
    how = given.spec.measure.model_copy(
        update={"min_iterations": asked.calls, "max_iterations": asked.calls, "max_seconds": 300.0}
    )
    given = given.model_copy(update={"spec": given.spec.model_copy(update={"measure": how})})
    pairs = [(in_fresh_process(bare, given), in_fresh_process(measured, given)) for _ in range(asked.rounds)]
    print("        bare MiB  measured MiB  added MiB")
    for index, name in enumerate(("unique", "peak")):
        without, with_it = (
            statistics.median(found[index] for found in each) / MIB for each in zip(*pairs, strict=True)
        )
        print(f"{name:7} {without:8.1f} {with_it:13.1f} {with_it - without:10.1f}")


if __name__ == "__main__":
    main()
