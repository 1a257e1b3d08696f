"""Measures what a device can do at best: matrix products by good libraries, and memory at several working sets.

Run in a child while no other job has the device. Kept on disk for a machine and its versions of the libraries.
"""

import importlib
import importlib.util
import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import psutil
from pydantic import JsonValue

from farm.contract.value import digest
from workers.cache import cached
from workers.measure.roofline import LEAST_ERROR, Bandwidth, Peak, Roof
from workers.processor import processor
from workers.versions import version

KIND: Final = "roofline"
FILE: Final = "roof.json"
LIBRARIES: Final = ("torch", "openvino")
METHOD: Final = 1  # raised when the way of measuring changes, so that old roofs are not found
HOST: Final = "host"

RUNS: Final = 7  # of each kernel; the best counts
LEAST_RUNS: Final = 3
BUDGET: Final = 0.12  # seconds for the runs of one kernel, beyond the least number of them
SLOW: Final = 0.005  # seconds; a product that takes longer is large enough: the next size takes eight times as long
SHORT: Final = 0.004  # seconds; a shorter kernel is repeated within one run, so that its start costs nothing
SIZES: Final = (512, 1024, 2048, 4096, 8192)  # of square matrices; the first that is SLOW is the last
MIB: Final = 2**20
TINY: Final = 1e-9
FLOAT: Final = 4  # bytes of a float32
LAST_LEVEL: Final = Path("/sys/devices/system/cpu/cpu0/cache/index3/size")
UNKNOWN_CACHE: Final = 64 * MIB  # where the system does not tell the size of its last-level cache
#: Working sets in bytes, up to the first that is larger than the last-level cache by FAR; each a quarter of the next.
SETS: Final = tuple(MIB * 4**power for power in range(7))
FAR: Final = 2.5

Kernel = Callable[[], object]
Sized = Callable[[int], tuple[float, Peak]]


def roof(device: str, *, threads: int, cache_dir: Path) -> Roof:
    """Give the roof of this machine's `host` or `gpu`, measuring it if nobody has yet, which takes some seconds."""

    def make(part: Path) -> None:
        (part / FILE).write_text(measured(device, threads=threads).model_dump_json())

    folder, _ = cached(cache_dir, KIND, _key(device, threads), make)
    return Roof.model_validate_json((folder / FILE).read_text())


def raised(device: str, *, threads: int, cache_dir: Path) -> Roof:
    """Measure again what was once measured, and keep the higher figures: a roof taken on a busy machine is too low."""
    known = roof(device, threads=threads, cache_dir=cache_dir)
    higher = known.raised(measured(device, threads=threads))
    path = kept(device, threads=threads, cache_dir=cache_dir)
    part = path.with_name(f".{os.getpid()}.part")
    part.write_text(higher.model_dump_json())
    part.replace(path)
    return higher


def kept(device: str, *, threads: int, cache_dir: Path) -> Path:
    """Give the file that a roof is kept in."""
    return cache_dir / KIND / _key(device, threads) / FILE


def measured(device: str, *, threads: int) -> Roof:
    """Measure all peaks of a device now."""
    bench = _Bench("cpu" if device == HOST else "cuda", threads=threads)
    others = _Others()
    compute: dict[str, Peak] = {}
    for precision, make in bench.products():
        peak = _highest(make)
        if precision not in compute or peak.rate > compute[precision].rate:
            compute[precision] = peak
    bandwidths = tuple(
        Bandwidth(working_set=size, peak=max((bench.peak(*each) for each in bench.streams(size)), key=_rate))
        for size in _sets(bench.cache_bytes())
    )
    found = Roof(device=bench.name(), compute=compute, bandwidths=bandwidths)
    return found.widened(others.share()) if device == HOST else found


class _Others:
    """What other processes and the hypervisor took of the processors since this was made."""

    def __init__(self) -> None:
        self._taken, self._all = self._look()

    def share(self) -> float:
        """Give their share of the time of all processors."""
        taken, whole = self._look()
        return min(1.0, max(0.0, (taken - self._taken) / max(whole - self._all, TINY)))

    def _look(self) -> tuple[float, float]:
        times = psutil.cpu_times()
        idle = times.idle + getattr(times, "iowait", 0.0)
        guest = getattr(times, "guest", 0.0) + getattr(times, "guest_nice", 0.0)  # counted in user time already
        whole = sum(times) - guest
        return whole - idle - time.process_time(), whole


class _Bench:
    """Kernels on one device of PyTorch's, and on OpenVINO where it is installed and the device is the host."""

    def __init__(self, device: str, *, threads: int) -> None:
        self._torch: Any = importlib.import_module("torch")
        self._device = device
        self._threads = threads
        self._torch.set_num_threads(threads)

    def name(self) -> str:
        return processor().model if self._device == "cpu" else str(self._torch.cuda.get_device_name())

    def cache_bytes(self) -> int:
        if self._device != "cpu":
            return int(self._torch.cuda.get_device_properties(0).L2_cache_size)
        told = LAST_LEVEL.read_text().strip() if LAST_LEVEL.exists() else ""
        return int(told.removesuffix("K")) * 1024 if told.endswith("K") else UNKNOWN_CACHE

    def products(self) -> Iterator[tuple[str, Sized]]:
        """Give each precision with a function from the size of its matrices to the seconds and rate of a product."""
        on_host = self._device == "cpu"
        for precision in ("fp32", "fp16", "bf16", "int8") if on_host else ("fp32", "tf32", "fp16", "bf16"):
            yield precision, partial(self._of_size, partial(self._torch_product, precision))
        if on_host and importlib.util.find_spec("openvino"):
            for precision in ("fp32", "fp16", "bf16", "int8"):
                yield precision, partial(self._of_size, partial(_openvino_product, precision, threads=self._threads))

    def streams(self, size: int) -> Iterator[tuple[Kernel, float]]:
        """Give reading, copying and STREAM's triad over `size` bytes in all, each with the bytes that it moves."""
        torch = self._torch
        whole = torch.ones(size // FLOAT, device=self._device)
        source, target = whole.chunk(2)
        yield lambda: torch.dot(source, target), size
        yield lambda: target.copy_(source), size
        first, second, third = whole[: size // FLOAT // 3 * 3].chunk(3)
        yield lambda: torch.add(first, second, alpha=3.0, out=third), size

    def peak(self, kernel: Kernel, amount: float) -> Peak:
        return self._rated(kernel, amount)[1]

    def _of_size(self, make: Callable[[int], Kernel], size: int) -> tuple[float, Peak]:
        return self._rated(make(size), 2.0 * size**3)

    def _rated(self, kernel: Kernel, amount: float) -> tuple[float, Peak]:
        """Run a kernel a few times; give the seconds of the fastest, and `amount` of it per second."""
        with self._torch.inference_mode():
            self._run(kernel, 1)
            times = 1 + int(SHORT / max(self._run(kernel, 1), 1e-7))
            taken: list[float] = []
            while len(taken) < LEAST_RUNS or (len(taken) < RUNS and sum(taken) * times < BUDGET):
                taken.append(self._run(kernel, times) / times)
        # What two runs reached is the peak; how far the best one stands out tells how well it is known.
        fastest, second, *_ = sorted(taken)
        return fastest, Peak(rate=amount / fastest, error=max(LEAST_ERROR, second / fastest - 1))

    def _run(self, kernel: Kernel, times: int) -> float:
        began = time.perf_counter()
        for _ in range(times):
            kernel()
        if self._device != "cpu":
            self._torch.cuda.synchronize()
        return time.perf_counter() - began

    def _torch_product(self, precision: str, size: int) -> Kernel:
        torch = self._torch
        if precision == "int8":
            layer = torch.nn.Sequential(torch.nn.Linear(size, size, bias=False))
            quantised = torch.ao.quantization.quantize_dynamic(layer, {torch.nn.Linear}, dtype=torch.qint8)
            rows = torch.ones(size, size)
            whole = torch.ones(size, size, dtype=torch.int8)
            return _faster(lambda: quantised(rows), lambda: torch._int_mm(whole, whole))
        kind = {"fp16": torch.float16, "bf16": torch.bfloat16}.get(precision, torch.float32)
        torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
        left, right = (torch.rand(size, size, device=self._device).to(kind) for _ in range(2))
        out = torch.empty(size, size, device=self._device, dtype=kind)
        return lambda: torch.mm(left, right, out=out)


def _highest(make: Sized) -> Peak:
    """Give the highest rate over growing matrices: on few cores small ones are best, on many the large."""
    peaks = []
    for size in SIZES:
        seconds, peak = make(size)
        peaks.append(peak)
        if seconds >= SLOW:
            break
    return max(peaks, key=_rate)


def _faster(first: Kernel, second: Kernel) -> Kernel:
    """Give the one of two kernels that takes less time."""

    def seconds(kernel: Kernel) -> float:
        kernel()
        began = time.perf_counter()
        kernel()
        return time.perf_counter() - began

    return min((first, second), key=seconds)


def _openvino_product(precision: str, size: int, *, threads: int) -> Kernel:
    """Multiply by a constant matrix, as a model does with its weights; for int8 both sides are quantised."""
    ov: Any = importlib.import_module("openvino")
    ops: Any = importlib.import_module("openvino.opset13")
    rows = ops.parameter([size, size], np.float32)
    left, right = rows, ops.constant(np.random.default_rng(0).random((size, size), dtype=np.float32))
    properties: dict[str, object] = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY"}
    if precision == "int8":
        low, high = np.float32(-1.0), np.float32(1.0)
        left = ops.fake_quantize(left, low, high, low, high, 256)
        right = ops.fake_quantize(right, low, high, low, high, 255)
    else:
        properties["INFERENCE_PRECISION_HINT"] = {"fp32": "f32", "fp16": "f16", "bf16": "bf16"}[precision]
    model = ov.Model([ops.matmul(left, right, False, True)], [rows])
    request = ov.Core().compile_model(model, "CPU", properties).create_infer_request()
    given = [np.ones((size, size), dtype=np.float32)]
    return lambda: request.infer(given, share_inputs=True, share_outputs=True)


def _sets(cache_bytes: int) -> tuple[int, ...]:
    """Give the working sets up to the first that no cache can hold."""
    near = [size for size in SETS if size < FAR * cache_bytes]
    return SETS[: len(near) + 1]


def _key(device: str, threads: int) -> str:
    facts: dict[str, JsonValue] = {
        "method": METHOD,
        "host": socket.gethostname(),
        "processor": [processor().model, *sorted(processor().flags)],
        "device": device if device == HOST else json.dumps(_gpu()),
        "threads": threads,
        "versions": {name: version(name) for name in LIBRARIES},
    }
    return digest(facts)


def _gpu() -> list[str]:
    torch: Any = importlib.import_module("torch")
    return [torch.cuda.get_device_name(), str(torch.version.cuda)]


def _rate(peak: Peak) -> float:
    return peak.rate
