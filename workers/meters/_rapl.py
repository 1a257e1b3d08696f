"""Energy of the processor packages from Linux's powercap tree (RAPL: Intel, and AMD since Zen).

Only packages are summed: cores and memory are within them, and `psys` has them within itself.
"""

import time
from pathlib import Path
from typing import Final, NamedTuple

from workers.meters._counter import NoEnergy

POWERCAP: Final = Path("/sys/class/powercap")
MICRO: Final = 1e-6
#: No package draws more for long, so a counter cannot come round twice in less than its range over this.
MOST_WATTS: Final = 1000.0


class _Package(NamedTuple):
    name: str
    counter: Path
    range: int  # microjoules; one more and the counter starts anew


class Rapl:
    """The packages' counters, which start anew at the end of their range."""

    def __init__(self, powercap: Path = POWERCAP) -> None:
        """Find the packages. Raises: NoEnergy."""
        self._packages = [_package(zone) for zone in sorted(powercap.glob("intel-rapl:*")) if _is_package(zone)]
        if not self._packages:
            raise NoEnergy(f"no RAPL package under {powercap}, as in most virtual machines")
        self.source = "RAPL " + ", ".join(package.name for package in self._packages)
        self._began = 0.0
        self._before: list[int] = []

    def begin(self) -> None:
        """Read all packages. Raises: NoEnergy."""
        self._before = [_microjoules(package.counter) for package in self._packages]
        self._began = time.monotonic()

    def end(self) -> float:
        """Read them again and add up what each counted. Raises: NoEnergy."""
        passed = time.monotonic() - self._began
        shortest = min(package.range for package in self._packages) * MICRO / MOST_WATTS
        if passed >= shortest:
            raise NoEnergy(f"{passed:.0f} s are so long that a RAPL counter may have started anew more than once")
        total = 0
        for package, before in zip(self._packages, self._before, strict=True):
            after = _microjoules(package.counter)
            total += after - before if after >= before else after - before + package.range
        return total * MICRO


def _is_package(zone: Path) -> bool:
    return zone.name.count(":") == 1 and _text(zone / "name").startswith("package")


def _package(zone: Path) -> _Package:
    return _Package(_text(zone / "name"), zone / "energy_uj", int(_text(zone / "max_energy_range_uj")))


def _microjoules(counter: Path) -> int:
    return int(_text(counter))


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except PermissionError as error:
        raise NoEnergy(f"{path} may be read by root alone (chmod a+r it to measure energy)") from error
    except OSError as error:
        raise NoEnergy(f"{path} cannot be read: {error.strerror}") from error
