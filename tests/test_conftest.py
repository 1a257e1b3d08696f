"""In CI a skipped test is a failed one, unless it is for want of a GPU; elsewhere it is a skip."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


WORDS = {
    "test_word": "import pytest\ndef test_it(): pytest.skip('no service')",
    "test_mark": "import pytest\n@pytest.mark.skipif(True, reason='no service')\ndef test_it(): pass",
}
IMPORT = {"test_import": "import pytest\npytest.importorskip('no_such_module')\ndef test_it(): pass"}
FINE = {
    "test_gpu": "import pytest\n@pytest.mark.gpu\ndef test_it(): pytest.skip('no CUDA device here')",
    "test_expected": "import pytest\n@pytest.mark.xfail\ndef test_it(): assert False",
}


def run(folder: Path, texts: dict[str, str], *, ci: bool) -> dict[str, int]:
    """Run pytest on files of these names and texts; give how many tests ended how."""
    for name, text in texts.items():
        (folder / f"{name}.py").write_text(text)
    command = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-p", "no:cacheprovider", "-c", "/dev/null"]
    command += ["--rootdir", str(folder), "-o", "markers=gpu: needs a GPU", str(folder)]
    environment = {name: value for name, value in os.environ.items() if name != "CI"} | ({"CI": "true"} if ci else {})
    finished = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    told = re.findall(r"(\d+) ([a-z]+)", finished.stdout.splitlines()[-1].rpartition(" in ")[0])
    return {how: int(number) for number, how in told if not how.startswith("warning")}


def test_a_skip_is_one_where_people_work(tmp_path: Path) -> None:
    assert run(tmp_path, WORDS | FINE | IMPORT, ci=False) == {"skipped": 4, "xfailed": 1}


def test_a_skip_fails_in_ci_unless_it_is_for_want_of_a_gpu(tmp_path: Path) -> None:
    assert run(tmp_path, WORDS | FINE, ci=True) == {"failed": 1, "error": 1, "skipped": 1, "xfailed": 1}


def test_a_file_that_is_skipped_whole_fails_in_ci(tmp_path: Path) -> None:
    assert run(tmp_path, IMPORT, ci=True) == {"error": 1}


def test_settings_of_the_person_do_not_reach_a_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "import os\ndef test_it(): assert 'FARM_LEASE_SECONDS' not in os.environ and 'test_it' in os.environ['HOME']"
    monkeypatch.setenv("FARM_LEASE_SECONDS", "1")
    assert run(tmp_path, {"test_it": text}, ci=True) == {"passed": 1}
