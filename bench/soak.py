"""Repeat every drill of tests/faults, with longer faults, and count lost jobs and doubled results.

    .venv/bin/python bench/soak.py [--times 20] [--only WORDS] [--minutes 60] [--to FILE]

One line per drill, as a table in Markdown that is written anew after every round: runs, runs that failed for whatever
reason, jobs, jobs that were not in a final state two minutes after the fault was over, and jobs with two settled
results. The last two must be 0; the exit code is 1 when anything failed.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections import Counter, defaultdict
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
HEAD: Final = ("drill", "runs", "failed", "jobs", "lost", "doubled")


class Tally:
    """What all rounds so far have shown."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._runs: Counter[str] = Counter()
        self._failed: Counter[str] = Counter()
        self._jobs: dict[str, Counter[str]] = defaultdict(Counter)
        self.reasons: list[str] = []

    def add(self, junit: Path, log: Path) -> None:
        """Count one round."""
        for case in ET.parse(junit).getroot().iter("testcase"):
            name = case.get("name") or ""
            wrong = [*case.iter("failure"), *case.iter("error")]
            self._runs[name] += 1
            self._failed[name] += bool(wrong)
            self.reasons += [f"{name}: {(each.get('message') or '').splitlines()[0][:200]}" for each in wrong]
        for line in log.read_text().splitlines():
            noted = json.loads(line)
            self._jobs[noted["drill"]].update({key: noted[key] for key in HEAD[3:]})

    def wrong(self) -> int:
        """Count the runs that failed, and what was lost or doubled."""
        sums = sum(self._jobs.values(), Counter())
        return self._failed.total() + sums["lost"] + sums["doubled"]

    def table(self) -> str:
        """Give the table, with its sums and the reason of each failure."""
        rows = [(name, self._runs[name], self._failed[name], self._jobs[name]) for name in sorted(self._runs)]
        rows.append(("all", self._runs.total(), self._failed.total(), sum(self._jobs.values(), Counter())))
        lines = [" | ".join(HEAD), " | ".join(["---", *["---:"] * (len(HEAD) - 1)])]
        for name, runs, failed, jobs in rows:
            words = name.removeprefix("test_").replace("_", " ")
            lines.append(" | ".join(map(str, (words, runs, failed, *(jobs[key] for key in HEAD[3:])))))
        return "\n".join([*(f"| {line} |" for line in lines), "", *(f"- {reason}" for reason in self.reasons)])


def soak(only: str, folder: Path, tally: Tally) -> None:
    """Run every drill once."""
    log, junit = folder / "log", folder / "junit.xml"
    log.write_text("")
    command = [sys.executable, "-m", "pytest", "tests/faults", "-q", "-p", "no:cacheprovider", f"--junitxml={junit}"]
    chosen = ["-k", only] if only else []
    subprocess.run([*command, *chosen], cwd=ROOT, env=os.environ | {"SOAK_LOG": str(log)}, check=False)
    tally.add(junit, log)


def main() -> None:
    """Repeat the drills; show the table after each round."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin no round after so many")
    parser.add_argument("--only", default="", help="an expression as pytest's -k takes it")
    parser.add_argument("--to", type=Path, default=None, help="a file for the table")
    asked = parser.parse_args()
    until = time.monotonic() + 60 * asked.minutes
    tally = Tally()
    with tempfile.TemporaryDirectory(prefix="farm-soak-") as folder:
        for _ in range(asked.times):
            if time.monotonic() > until:
                break
            soak(asked.only, Path(folder), tally)
            print(tally.table(), flush=True)
            if asked.to is not None:
                asked.to.write_text(tally.table() + "\n")
    sys.exit(int(bool(tally.wrong())))


if __name__ == "__main__":
    main()
