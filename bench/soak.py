"""Repeat every drill of tests/faults, with longer faults, and count lost jobs and doubled results.

    .venv/bin/python bench/soak.py [--times 20] [--only WORDS]

One line per drill: runs, runs that failed for whatever reason, jobs, jobs that were not in a final state a minute after
the fault was over, and jobs with two settled results. The last two must be 0.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections import Counter, defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[1]


def soak(only: str, log: Path, junit: Path) -> Counter[tuple[str, bool]]:
    """Run every drill once; count by drill and whether it failed."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "tests/faults",
        "tests/faults/silent.py",
        "-q",
        "-p",
        "no:cacheprovider",
        f"--junitxml={junit}",
    ]
    chosen = ["-k", only] if only else []
    subprocess.run([*command, *chosen], cwd=ROOT, env=os.environ | {"SOAK_LOG": str(log)}, check=False)
    cases = ET.parse(junit).getroot().iter("testcase")
    return Counter((case.get("name") or "", any(case.iter("failure")) or any(case.iter("error"))) for case in cases)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--only", default="", help="an expression as pytest's -k takes it")
    asked = parser.parse_args()
    runs: Counter[tuple[str, bool]] = Counter()
    sums: dict[str, Counter[str]] = defaultdict(Counter)
    with tempfile.TemporaryDirectory(prefix="farm-soak-") as folder:
        log, junit = Path(folder) / "log", Path(folder) / "junit.xml"
        log.touch()
        for _ in range(asked.times):
            runs += soak(asked.only, log, junit)
        for line in log.read_text().splitlines():
            noted = json.loads(line)
            sums[noted["drill"]].update({key: noted[key] for key in ("jobs", "lost", "doubled")})
    print(f"{'drill':90} {'runs':>5} {'failed':>6} {'jobs':>6} {'lost':>5} {'doubled':>7}")
    for name in sorted({name for name, _ in runs}):
        told = sums[name]
        failed, fine = runs[name, True], runs[name, False]
        print(
            f"{name:90} {failed + fine:5} {failed:6} {told['jobs']:6} {told['lost']:5} {told['doubled']:7}", flush=True
        )


if __name__ == "__main__":
    main()
