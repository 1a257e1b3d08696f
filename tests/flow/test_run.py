"""`farm run` as a person types it: real broker, real workers, real children."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

FARM = [sys.executable, "-c", "from farm.cli import main; main()"]

FAULTS = """
name: faults
models: [fake-model]
platforms: [fake]
options:
  fake: {fault: [none, raise, segfault, kill, oom, exit, hang]}
measure: {min_iterations: 5, min_seconds: 0, max_seconds: 1, warmup_seconds: 1}
timeout: 5
max_attempts: 1
"""
LONG = """
name: long
models: [fake-model]
platforms: [fake]
batch_size: [1, 2, 3]
options: {fake: {latency: [0.2]}}
measure: {min_iterations: 5, max_iterations: 5, min_seconds: 0, warmup_seconds: 0}
"""


def farm(*arguments: str | Path, check: int | None = 0) -> "subprocess.CompletedProcess[str]":
    """Type a command."""
    command = [*FARM, *map(str, arguments)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=200)
    assert check is None or done.returncode == check, done.stdout + done.stderr
    return done


def test_every_fault_is_told_apart_and_the_sweep_goes_on(tmp_path: Path) -> None:
    sweep = tmp_path / "faults.yaml"
    sweep.write_text(FAULTS)
    done = farm("run", sweep, "--report", tmp_path / "report", check=1)
    jobs = json.loads(farm("jobs", "list", "-f", "json").stdout)
    codes = {job["cell"].partition("fault=")[2] or "none": job["reason"].split(" ")[0] for job in jobs}
    assert codes == {
        "none": "",
        "raise": "python_error",
        "segfault": "crashed",
        "kill": "killed",
        "oom": "out_of_memory",
        "exit": "no_result",
        "hang": "timed_out",
    }
    results = json.loads(farm("results", "-f", "json").stdout)
    assert [row["verdict"] for row in results] == ["fake"]
    raised = next(job["job"] for job in jobs if "fault=raise" in job["cell"])
    assert "a fault that the sweep asked for" in farm("jobs", "logs", raised).stdout
    assert "| fake-model | nothing | 0 | FAILED 6, FAKE 1 |" in (tmp_path / "report.md").read_text()
    assert "Performance of faults" in done.stdout
    assert "<table>" in (tmp_path / "report.html").read_text()


def test_ctrl_c_leaves_nothing_running_and_resume_goes_on(tmp_path: Path) -> None:
    sweep = tmp_path / "long.yaml"
    sweep.write_text(LONG)
    command = [*FARM, "run", str(sweep), "--report", str(tmp_path / "report")]
    running = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert running.stderr is not None
    for line in running.stderr:
        if "fake-model" in line:
            break
    children = psutil.Process(running.pid).children(recursive=True)
    assert children
    running.send_signal(signal.SIGINT)
    began = time.monotonic()
    assert running.wait(20) == 130
    _, alive = psutil.wait_procs(children, timeout=max(0.1, 5 - (time.monotonic() - began)))
    assert alive == []
    states = {job["state"] for job in json.loads(farm("jobs", "list", "-f", "json").stdout)}
    assert states <= {"planned", "done"}
    farm("run", sweep, "--resume", "--report", tmp_path / "report")
    jobs = json.loads(farm("jobs", "list", "-f", "json").stdout)
    assert [job["state"] for job in jobs] == ["done"] * 3


def test_two_runs_at_once_take_turns_and_keep_apart(tmp_path: Path) -> None:
    sweep = tmp_path / "long.yaml"
    sweep.write_text(LONG)
    both = [
        subprocess.Popen(
            [*FARM, "run", str(sweep), "--report", str(tmp_path / name)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for name in ("a", "b")
    ]
    assert [each.wait(120) for each in both] == [0, 0]
    listed = json.loads(farm("sweep", "list", "-f", "json").stdout)
    assert [row["states"] for row in listed] == ["3 done", "3 done"]


def test_a_job_that_no_worker_here_can_run_waits_with_the_reason(tmp_path: Path) -> None:
    sweep = tmp_path / "cuda.yaml"
    sweep.write_text("name: w\nmodels: [fake-model]\nplatforms: [fake]\nrequire: {tags: [quantum]}\n")
    farm("run", sweep, "--report", tmp_path / "report", check=3)
    jobs = json.loads(farm("jobs", "list", "-f", "json").stdout)
    assert [job["state"] for job in jobs] == ["waiting"]
    assert jobs[0]["reason"] == "needs quantum; no live worker has it"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("run", "missing.yaml"), 2, "missing.yaml"),
        (("worker", "--broker", "redis://127.0.0.1:1/0"), 3, "no broker at"),
        (("scheduler",), 3, "needs a broker"),
        (("sweep", "list", "--db", "nonsense://x"), 3, "database URL is wrong"),
        (("sweep", "show", "nope"), 2, "no sweep 'nope'"),
        (("jobs", "show", "nope"), 2, "no job 'nope'"),
        (("models", "build", "nope"), 2, "no model 'nope'"),
        (("frobnicate",), 2, "No such command"),
    ],
)
def test_a_mistake_is_told_without_a_traceback(arguments: tuple[str, ...], code: int, words: str) -> None:
    done = farm(*arguments, check=code)
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_misspelt_setting_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FARM_BROKER_ULR", "redis://x")
    assert "did you mean FARM_BROKER_URL?" in farm("sweep", "list", check=2).stderr


def test_help_is_quick_because_it_imports_nothing_heavy() -> None:
    code = "import sys; sys.argv=['farm','--help']\nfrom farm.cli import _run\n_run()\n"
    code += "heavy = {'torch','sqlalchemy','celery','pydantic','numpy'} & set(sys.modules)\nassert not heavy, heavy"
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Run a whole sweep on this machine" in done.stdout
