"""A box says of every platform whether it can run it, also of one whose packages it lacks."""

import json
import subprocess
import sys

import pytest

LACKING = """
import sys
sys.modules[{missing!r}] = None  # as if it were not installed
from workers.__main__ import main
sys.exit(main(["probe", "--platform", {platform!r}, "--platform", "fake"]))
"""


@pytest.mark.parametrize(("platform", "missing"), [("openvino", "openvino"), ("cuda", "torch")])
def test_a_platform_without_its_packages_is_not_available_and_says_what_to_install(platform: str, missing: str) -> None:
    script = LACKING.format(platform=platform, missing=missing)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lacking, fake = json.loads(done.stdout)["platforms"]
    assert fake["available"]
    assert (lacking["platform"], lacking["available"]) == (platform, False)
    assert lacking["reason"] == f"{missing} is not installed here: pip install 'benchmark-farm[{platform}]'"


def test_a_fault_of_our_own_is_not_taken_for_a_missing_package() -> None:
    script = LACKING.format(platform="cuda", missing="workers.platforms._torch")
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "workers.platforms._torch" in done.stderr
