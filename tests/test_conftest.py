"""In CI a skipped test is a failed one, unless it is for want of a GPU; elsewhere it is a skip."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def run(folder: Path, text: str, *, ci: bool) -> str:
    (folder / "test_it.py").write_text(text)
    command = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-p", "no:cacheprovider", "-c", "/dev/null"]
    command += ["--rootdir", str(folder), "-o", "markers=gpu: needs a GPU", str(folder / "test_it.py")]
    environment = {name: value for name, value in os.environ.items() if name != "CI"} | ({"CI": "true"} if ci else {})
    finished = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    return finished.stdout.splitlines()[-1]


@pytest.mark.parametrize(
    "text",
    [
        "import pytest\ndef test_it(): pytest.skip('no service')",
        "import pytest\n@pytest.mark.skipif(True, reason='no service')\ndef test_it(): pass",
        "import pytest\npytest.importorskip('no_such_module')\ndef test_it(): pass",
    ],
)
def test_a_skip_fails_in_ci_only(tmp_path: Path, text: str) -> None:
    assert "1 skipped" in run(tmp_path, text, ci=False)
    closing = run(tmp_path, text, ci=True)
    assert "skipped" not in closing
    assert "1 failed" in closing or "1 error" in closing


def test_want_of_a_gpu_is_a_skip_in_ci_too(tmp_path: Path) -> None:
    text = "import pytest\n@pytest.mark.gpu\ndef test_it(): pytest.skip('no CUDA device here')"
    assert "1 skipped" in run(tmp_path, text, ci=True)


def test_an_expected_failure_stays_one_in_ci(tmp_path: Path) -> None:
    text = "import pytest\n@pytest.mark.xfail\ndef test_it(): assert False"
    assert "1 xfailed" in run(tmp_path, text, ci=True)


def test_settings_of_the_person_do_not_reach_a_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "import os\ndef test_it(): assert 'FARM_LEASE_SECONDS' not in os.environ and 'test_it' in os.environ['HOME']"
    monkeypatch.setenv("FARM_LEASE_SECONDS", "1")
    assert "1 passed" in run(tmp_path, text, ci=True)
