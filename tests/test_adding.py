"""docs/adding.md tells the truth: its examples are put into a copy of this repository and used there."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
COPIED = ("farm", "workers", "migrations", "tests", "pyproject.toml")
BLOCK = re.compile(r"^```(?:python|text)\n# ([^\n]+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
ROW = "row of "
#: After what a row is put.
TABLES = {"farm/contract/metrics.py": "_ROWS: Final = (\n", "workers/evidence/placement.py": "EXPECTED: Final = {"}
FARM = "from farm.cli import main; main()"


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a copy of the repository with every example of the document in it."""
    copy = tmp_path_factory.mktemp("extended")
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, copy / name)
    for place, content in examples():
        if place.startswith(ROW):
            path = copy / place.removeprefix(ROW)
            table = TABLES[place.removeprefix(ROW)]
            assert table in path.read_text()
            path.write_text(path.read_text().replace(table, table + content, 1))
        else:
            assert not (copy / place).exists(), place
            (copy / place).write_text(content)
    return copy


def examples() -> list[tuple[str, str]]:
    return BLOCK.findall((ROOT / "docs" / "adding.md").read_text())


def run(copy: Path, *arguments: str, check: int = 0) -> str:
    """Run Python in the copy, and nowhere else."""
    command = [sys.executable, *arguments]
    done = subprocess.run(
        command,
        cwd=copy,
        env=os.environ | {"PYTHONPATH": str(copy)},
        check=False,
        capture_output=True,
        text=True,
        timeout=250,
    )
    assert done.returncode == check, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


def test_there_is_an_example_of_each_kind() -> None:
    places = [place for place, _ in examples()]
    for room in (
        "workers/families/",
        "workers/platforms/",
        "farm/reports/",
        "farm/cli/",
        "row of farm/contract/metrics",
    ):
        assert any(place.startswith(room) for place in places), room


def test_the_examples_are_written_as_the_code_is(extended: Path) -> None:
    added = [place for place, _ in examples() if not place.startswith(ROW)]
    run(extended, "-m", "ruff", "check", *added)
    run(extended, "-m", "mypy", *(word for place in added for word in ("-m", place[:-3].replace("/", "."))))


@pytest.mark.models
def test_the_family_and_the_platform_are_found_and_conform(extended: Path) -> None:
    suite = "tests/workers/platforms/test_conformance.py"
    chosen = "vit-encoder or image_embedding or single-bert or tiny_models or refused"
    told = run(extended, "-m", "pytest", suite, "-v", "-W", "ignore", "-k", chosen, "-p", "no:cacheprovider")
    for pair in ("cpu-vit-encoder", "openvino-vit-encoder", "single-vit-encoder", "single-bert"):
        assert f"test_fp32_agrees_with_the_reference_in_every_layer[{pair}] PASSED" in told


def test_the_command_writes_the_report(extended: Path, tmp_path: Path) -> None:
    sweep = tmp_path / "sweep.yaml"
    sweep.write_text("name: small\nmodels: [fake-model]\nplatforms: [fake]\n")
    run(extended, "-c", FARM, "sweep", "submit", str(sweep))
    assert "| fake-model x fake fp32 batch 1 | planned |" in run(extended, "-c", FARM, "verdicts")
    assert "verdicts" in run(extended, "-c", FARM, "--help")
    report = run(extended, "-c", FARM, "report", "verdicts", "last")
    assert "| fake-model x fake fp32 batch 1 | planned |" in report
    assert "From: `farm jobs list --sweep " in report
