"""Energy from made-up counters: sums, overflow, and the reason where there is none."""

from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from workers.meters import _rapl
from workers.meters._counter import NoEnergy
from workers.meters._nvml import Nvml
from workers.meters._rapl import Rapl
from workers.meters.energy import Energy
from workers.workload import Call

CALLS = [Call(0, 10**9, ())] * 4
RANGE = 262_143_328_850  # microjoules, as Intel's packages have it


def zone(root: Path, name: str, *, called: str, microjoules: int) -> Path:
    """One counter of a powercap tree."""
    folder = root / name
    folder.mkdir()
    (folder / "name").write_text(f"{called}\n")
    (folder / "max_energy_range_uj").write_text(f"{RANGE}\n")
    (folder / "energy_uj").write_text(f"{microjoules}\n")
    return folder / "energy_uj"


@pytest.fixture
def packages(tmp_path: Path) -> list[Path]:
    """Two packages, and counters that must not be added to them."""
    found = [
        zone(tmp_path, f"intel-rapl:{each}", called=f"package-{each}", microjoules=RANGE - 1_000_000) for each in (0, 1)
    ]
    for name, called in (("intel-rapl:0:0", "core"), ("intel-rapl:2", "psys"), ("intel-rapl", "control")):
        zone(tmp_path, name, called=called, microjoules=5)
    return found


def no_counter() -> Rapl:
    raise NoEnergy("there is none")


def test_packages_are_added_up_and_a_counter_that_starts_anew_is_followed(packages: list[Path], tmp_path: Path) -> None:
    counter = Rapl(tmp_path)
    counter.begin()
    packages[0].write_text(f"{RANGE - 400_000}")
    packages[1].write_text("2000000")  # a million to the end of its range, and two after it
    assert counter.end() == pytest.approx(0.6 + 3.0)
    assert counter.source == "RAPL package-0, package-1"


def test_what_may_have_come_round_twice_is_no_figure(
    packages: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = Rapl(tmp_path)
    counter.begin()
    assert packages
    monkeypatch.setattr(_rapl, "MOST_WATTS", 1e15)
    with pytest.raises(NoEnergy, match="more than once"):
        counter.end()


def test_a_box_without_counters_and_one_that_hides_them_say_so(packages: list[Path], tmp_path: Path) -> None:
    with pytest.raises(NoEnergy, match="virtual machines"):
        Rapl(tmp_path / "nothing")
    packages[0].unlink()
    counter = Rapl(tmp_path)
    with pytest.raises(NoEnergy, match="No such file"):
        counter.begin()


def test_counters_for_root_alone_say_how_to_open_them(
    packages: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> str:  # root, as whom tests may run, is refused nothing
        raise PermissionError(13, "Permission denied", str(path))

    counter = Rapl(tmp_path)
    monkeypatch.setattr(Path, "read_text", refuse)
    with pytest.raises(NoEnergy, match="chmod"):
        counter.begin()


class Driver(ModuleType):
    """A made-up NVML with one GPU."""

    class NVMLError(Exception):
        """Its one error."""

    def __init__(self, *, counts: bool = True) -> None:
        super().__init__("pynvml")
        self.millijoules = 5_000
        self._counts = counts

    def nvmlInit(self) -> None:  # noqa: N802 - NVML's own name
        """Nothing to begin."""

    def nvmlDeviceGetHandleByUUID(self, uuid: str) -> str:  # noqa: N802 - NVML's own name
        if uuid != "GPU-1":
            raise self.NVMLError("Not Found")
        return uuid

    def nvmlDeviceGetName(self, handle: str) -> bytes:  # noqa: N802 - NVML's own name
        return b"H100"

    def nvmlDeviceGetTotalEnergyConsumption(self, handle: str) -> int:  # noqa: N802 - NVML's own name
        if not self._counts:
            raise self.NVMLError("Not Supported")
        return self.millijoules


def test_a_gpu_counts_in_millijoules_and_is_found_by_its_uuid() -> None:
    driver = Driver()
    counter = Nvml(driver, "GPU-1")
    counter.begin()
    driver.millijoules += 250
    assert counter.end() == pytest.approx(0.25)
    assert counter.source == "NVML H100"
    with pytest.raises(NoEnergy, match="does not find GPU GPU-2"):
        Nvml(driver, "GPU-2")


def test_a_gpu_that_does_not_count_says_so() -> None:
    with pytest.raises(NoEnergy, match="Not Supported"):
        Nvml(Driver(counts=False), "GPU-1").begin()


def test_the_meter_gives_joules_per_call_with_their_source(packages: list[Path], tmp_path: Path) -> None:
    driver = Driver()
    meter = Energy("gpu", host=lambda: Rapl(tmp_path), gpu=lambda: Nvml(driver, "GPU-1"))
    meter.before_calls()
    packages[0].write_text(f"{RANGE}")
    driver.millijoules += 2_000
    meter.after_calls()
    readings = meter.readings(CALLS, batch_size=8)
    assert readings == {"host_energy": [pytest.approx(0.25)], "gpu_energy": [pytest.approx(0.5)]}
    assert meter.facts() == {
        "energy_source": {"host_energy": "RAPL package-0, package-1", "gpu_energy": "NVML H100"},
    }


def test_what_is_absent_has_a_reason_and_is_never_zero(packages: list[Path], tmp_path: Path) -> None:
    meter = Energy("gpu", host=no_counter, gpu=lambda: Nvml(Driver(), "GPU-1"))
    meter.before_calls()
    meter.after_calls()
    assert meter.readings(CALLS, batch_size=1) == {}
    assert meter.facts() == {
        "energy_absent": {
            "host_energy": "there is none",
            "gpu_energy": "the counter did not move while calls were timed",
        }
    }


def test_the_gpu_is_left_alone_where_the_host_is_measured() -> None:
    def never() -> Nvml:
        raise AssertionError("nobody may look for a GPU")

    meter = Energy("host", host=no_counter, gpu=never)
    meter.before_calls()
    meter.after_calls()
    assert SimpleNamespace(**meter.facts()).energy_absent == {"host_energy": "there is none"}
