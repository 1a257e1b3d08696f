"""What this box is: CPU, memory, GPUs, software, and which platforms it can run or why not."""

import hashlib
import importlib
import json
import os
import pkgutil
import platform as system
import socket
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Final

import psutil

import workers.platforms
from farm.contract.machine import Environment, Gpu, Machine, PlatformStatus, Probe
from workers.engine import Platform
from workers.processor import processor

OURS: Final = ("farm", "workers")
#: Packages whose version can change a number.
PACKAGES: Final = (
    "torch",
    "transformers",
    "tokenizers",
    "optimum",
    "optimum-intel",
    "openvino",
    "openvino-tokenizers",
    "nncf",
    "numpy",
    "scipy",
    "benchmark-farm",
)
#: Instruction sets that decide the speed of inference, as the kernel names them.
INSTRUCTION_SETS: Final = (
    "avx",
    "avx2",
    "fma",
    "avx512f",
    "avx512_vnni",
    "avx512_bf16",
    "avx512_fp16",
    "avx_vnni",
    "amx_tile",
    "amx_int8",
    "amx_bf16",
    "asimd",
    "sve",
    "bf16",
    "i8mm",
)
#: Tags made from instruction sets, for people to require.
TAG_OF_SET: Final = {"avx2": "avx2", "avx512f": "avx512", "amx_tile": "amx", "sve": "sve"}


def names() -> tuple[str, ...]:
    """Name every platform there is a file for."""
    found = (module.name for module in pkgutil.iter_modules(workers.platforms.__path__))
    return tuple(sorted(name for name in found if not name.startswith("_") and name != "base"))


def run(content: str) -> Probe:
    """Probe for the platforms named in a JSON list; an empty list asks for all of them."""
    wanted = json.loads(content) or names()
    statuses = tuple(map(status, wanted))
    gpus = _gpus()
    return Probe(machine=machine(statuses, gpus), environment=environment(gpus), platforms=statuses)


def status(name: str) -> PlatformStatus:
    """Say whether this box can run a platform; it may lack what the platform is made of."""
    try:
        platform = load(name)
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] in OURS:
            raise
        reason = f"{missing.name} is not installed here: pip install 'benchmark-farm[{name}]'"
        return PlatformStatus(platform=name, available=False, reason=reason)
    return platform.status()


def load(name: str) -> Platform:
    """Give the platform of a name."""
    found: Platform = importlib.import_module(f"workers.platforms.{name}").PLATFORM
    return found


def tags(probe: Probe) -> frozenset[str]:
    """Give the tags of a probed box: those of its available platforms, and its instruction sets."""
    of_platforms = {tag for status in probe.platforms if status.available for tag in (status.platform, *status.tags)}
    of_sets = {TAG_OF_SET[name] for name in probe.machine.instruction_sets if name in TAG_OF_SET}
    return frozenset(of_platforms | of_sets)


def machine(statuses: tuple[PlatformStatus, ...], gpus: tuple[Gpu, ...]) -> Machine:
    """Describe the box."""
    cpu = processor()
    return Machine(
        host_id=_host_id(),
        name=socket.gethostname(),
        cpu_model=cpu.model,
        architecture=system.machine(),
        instruction_sets=tuple(name for name in INSTRUCTION_SETS if name in cpu.flags),
        cores=psutil.cpu_count(logical=False) or psutil.cpu_count() or 1,
        threads=usable_processors(),
        memory_bytes=psutil.virtual_memory().total,
        gpus=gpus,
        openvino_devices=_openvino_devices(statuses),
        system=f"{system.system()} {system.release()}",
    )


def environment(gpus: tuple[Gpu, ...]) -> Environment:
    """List the software that can change a number."""
    packages = {}
    for name in PACKAGES:
        try:
            packages[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    drivers = {"nvidia": gpus[0].driver} if gpus else {}
    return Environment(python=system.python_version(), kernel=system.release(), packages=packages, drivers=drivers)


def usable_processors() -> int:
    """Count the logical processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return psutil.cpu_count() or 1


def _host_id() -> str:
    """Give a stable id of this box that does not reveal the system's own machine id."""
    try:
        secret = Path("/etc/machine-id").read_text().strip()
    except OSError:
        secret = ""
    return hashlib.sha256(f"benchmark-farm {secret} {socket.gethostname()}".encode()).hexdigest()[:16]


def _openvino_devices(statuses: tuple[PlatformStatus, ...]) -> tuple[str, ...]:
    prefix = "openvino:"
    found = {tag.removeprefix(prefix) for status in statuses for tag in status.tags if tag.startswith(prefix)}
    return tuple(sorted(found))


def _gpus() -> tuple[Gpu, ...]:
    """List the NVIDIA GPUs; none where the driver or its library is missing."""
    try:
        nvml = importlib.import_module("pynvml")
        nvml.nvmlInit()
    except (ImportError, OSError):
        return ()
    except nvml.NVMLError:
        return ()
    try:
        return tuple(_gpu(nvml, index) for index in range(nvml.nvmlDeviceGetCount()))
    finally:
        nvml.nvmlShutdown()


def _gpu(nvml: ModuleType, index: int) -> Gpu:
    handle = nvml.nvmlDeviceGetHandleByIndex(index)
    major, minor = nvml.nvmlDeviceGetCudaComputeCapability(handle)
    return Gpu(
        name=_text(nvml.nvmlDeviceGetName(handle)),
        uuid=_text(nvml.nvmlDeviceGetUUID(handle)),
        memory_bytes=int(nvml.nvmlDeviceGetMemoryInfo(handle).total),
        capability=f"sm{major}{minor}",
        driver=_text(nvml.nvmlSystemGetDriverVersion()),
    )


def _text(value: str | bytes) -> str:
    """Older bindings of NVML give bytes."""
    return value.decode() if isinstance(value, bytes) else value
