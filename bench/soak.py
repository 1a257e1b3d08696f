"""Repeat every drill of tests/faults, with longer faults, and count lost jobs and doubled results.

    .venv/bin/python bench/soak.py [--times 20] [--at-once 3] [--only WORDS] [--minutes 60] [--kept FOLDER] [--to FILE]

One line per drill, as a table in Markdown that is written anew after every round: runs, runs that failed for whatever
reason, jobs, jobs that were not in a final state two minutes after the fault was over, and jobs with two settled
results. The last two must be 0; the exit code is 1 when anything failed. Each round has servers and hosts of its own,
so that several can run at once: they wait more than they compute. What a folder kept of earlier rounds counts as well.
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
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
HEAD: Final = ("drill", "runs", "failed", "jobs", "lost", "doubled")
LOG, JUNIT = "log", "junit.xml"  # of each round
RAN: Final = (0, 1)  # pytest's exit codes for tests that passed or failed; with others it could not run them
LONGEST: Final = 900  # seconds for one drill


class Tally:
    """What all rounds so far have shown."""

    def __init__(self, rounds: Iterable[Path]) -> None:
        """Count the rounds that have ended."""
        self._runs: Counter[str] = Counter()
        self._failed: Counter[str] = Counter()
        self._jobs: dict[str, Counter[str]] = defaultdict(Counter)
        self.reasons: list[str] = []
        for folder in sorted(rounds):
            if (folder / JUNIT).exists():
                self._add(folder)

    def _add(self, folder: Path) -> None:
        for case in ET.parse(folder / JUNIT).getroot().iter("testcase"):
            name = case.get("name") or ""
            wrong = [*case.iter("failure"), *case.iter("error")]
            self._runs[name] += 1
            self._failed[name] += bool(wrong)
            self.reasons += [f"{name}: {(each.get('message') or '').splitlines()[0][:200]}" for each in wrong]
        for line in (folder / LOG).read_text().splitlines():
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


def soak(only: str, kept: Path, until: float) -> None:
    """Run every drill once, unless it is too late to begin; keep what it shows in a folder of the round."""
    if time.monotonic() > until:
        return
    folder = Path(tempfile.mkdtemp(prefix="round-", dir=kept))
    log = folder / LOG
    log.touch()
    command = [sys.executable, "-m", "pytest", "tests/faults", "-q", "-p", "no:cacheprovider", f"--timeout={LONGEST}"]
    chosen = ["-k", only] if only else []
    told = f"--junitxml={folder / JUNIT}"
    done = subprocess.run([*command, told, *chosen], cwd=ROOT, env=os.environ | {"SOAK_LOG": str(log)}, check=False)
    if done.returncode not in RAN:
        raise SystemExit(f"pytest ran no drills (exit code {done.returncode}); what it said stands above")


def main() -> None:
    """Repeat the drills; show the table after each round."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--at-once", type=int, default=1, help="so many rounds run at the same time")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin no round after so many")
    parser.add_argument("--only", default="", help="an expression as pytest's -k takes it")
    parser.add_argument("--kept", type=Path, default=None, help="a folder that keeps rounds, for a soak in pieces")
    parser.add_argument("--to", type=Path, default=None, help="a file for the table")
    asked = parser.parse_args()
    until = time.monotonic() + 60 * asked.minutes
    with tempfile.TemporaryDirectory(prefix="farm-soak-") as folder, ThreadPoolExecutor(asked.at_once) as pool:
        kept: Path = asked.kept or Path(folder)
        kept.mkdir(parents=True, exist_ok=True)
        for ended in as_completed([pool.submit(soak, asked.only, kept, until) for _ in range(asked.times)]):
            ended.result()
            print(Tally(kept.iterdir()).table(), flush=True)
            if asked.to is not None:
                asked.to.write_text(Tally(kept.iterdir()).table() + "\n")
        wrong = Tally(kept.iterdir()).wrong()
    sys.exit(int(bool(wrong)))


if __name__ == "__main__":
    main()
