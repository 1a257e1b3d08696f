"""What `farm run` says before it runs anything; the run itself is tested in tests/flow."""

import json
from pathlib import Path

from tests.cli.conftest import Farm

SWEEP = "name: one\nmodels: fake-model\nplatforms: fake\n"


def test_a_report_that_could_not_be_written_is_told_before_anything_runs(farm: Farm, tmp_path: Path) -> None:
    sweep, file = tmp_path / "one.yaml", tmp_path / "file"
    sweep.write_text(SWEEP)
    file.write_text("")
    assert "cannot write the report" in farm("run", sweep, "--report", file / "report", check=2).err
    assert json.loads(farm("sweep", "list", "-f", "json").out) == []


def test_only_an_unfinished_run_can_be_resumed(farm: Farm, tmp_path: Path) -> None:
    sweep = tmp_path / "one.yaml"
    sweep.write_text(SWEEP)
    answer = farm("run", sweep, "--resume", "--report", tmp_path / "report", check=2)
    assert "there is no unfinished run of this file to resume" in answer.err
