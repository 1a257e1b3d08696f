"""What the machine tells of itself: clocks, temperature, throttling, and how long tasks had to wait for CPU or memory.

Each reading is None where the machine does not tell; ABSENT says why.
"""

from pathlib import Path
from typing import Final

import psutil

CPUS: Final = Path("/sys/devices/system/cpu")
PRESSURE: Final = Path("/proc/pressure")

#: Why a reading is missing, by its name in the conditions.
ABSENT: Final = {
    "clock_hertz": "the system shows no CPU clock",
    "temperature_celsius": "the system shows no temperature sensor",
    "throttle_events": "the processor counts no thermal throttling here, as in most virtual machines",
    "cpu_pressure_share": "the kernel keeps no pressure information (/proc/pressure/cpu)",
    "memory_pressure_share": "the kernel keeps no pressure information (/proc/pressure/memory)",
}

_MEGA: Final = 1e6
_MICRO: Final = 1e-6


def clock() -> float | None:
    """Give the mean clock of all processors, in hertz."""
    try:
        found = psutil.cpu_freq()
    except (OSError, NotImplementedError):
        return None
    return found.current * _MEGA if found is not None and found.current > 0 else None


def temperature() -> float | None:
    """Give the hottest sensor, in degrees Celsius."""
    if not hasattr(psutil, "sensors_temperatures"):
        return None
    known = [sensor.current for sensors in psutil.sensors_temperatures().values() for sensor in sensors]
    return max(known, default=None)


def throttle_events(cpus: Path = CPUS) -> int | None:
    """Count how often cores and packages were throttled for their heat since the system booted."""
    counters = [*cpus.glob("cpu[0-9]*/thermal_throttle/*_throttle_count")]
    return sum(int(counter.read_text()) for counter in counters) if counters else None


def stalled(resource: str, pressure: Path = PRESSURE) -> float | None:
    """Give the seconds since boot in which some task waited for `cpu` or `memory`."""
    try:
        lines = (pressure / resource).read_text().splitlines()
    except OSError:
        return None
    some = next((line for line in lines if line.startswith("some ")), None)
    return int(some.rpartition("total=")[2]) * _MICRO if some else None
