"""Print what the farm costs beside loading and measuring, from a sweep of many small jobs run as `farm run` does.

    FARM_CACHE_DIR=... .venv/bin/python bench/overhead.py [--jobs 200] [--platform cpu]

The sweep runs twice in a temporary data folder: `new` cells, whose references must be computed first, and the same
cells `again`, when everything is in the cache. Beyond = wall time of an attempt, from claim to settled, less its
load_time and its timed calls; so the warm-up, the first call, and all evidence are within it. Evidence %: the share of
the attempts' wall time that their evidence took.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from farm.database.engine import open_engine, read
from farm.queries.duty import Duty, duty_of
from farm.queries.sweeps import list_sweeps
from farm.settings import Settings, read_settings

LENGTHS = (8, 16, 24, 32, 40, 48, 56, 64)  # tokens
SWEEP = """
name: overhead
models: [bert-tiny]
platforms: [{platform}]
batch_size: {batches}
sequence_length: {lengths}
seed: {seed}
measure: {{min_iterations: 5, max_iterations: 5, min_seconds: 0, warmup_seconds: 0}}
"""


def run(settings: Settings, sweep: Path) -> tuple[Duty, float]:
    """Run a sweep; give where its time went, and the seconds from submission to its first job."""
    command = [sys.executable, "-c", "from farm.cli import main; main()", "run", str(sweep)]
    report = ["--report", str(settings.data_dir / "report")]
    environment = os.environ | settings.environment()
    done = subprocess.run([*command, *report], env=environment, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(done.stderr)
    with read(open_engine(settings.sql_url())) as session:
        newest = list_sweeps(session, limit=1)[0]
        duty = duty_of(session, newest.public_id)
    return duty, (duty.attempts[0].started_at - newest.created_at).total_seconds()


def tell(name: str, duty: Duty, start: float) -> None:
    """Print one line."""
    jobs = len(duty.attempts)
    beyond = sorted(each.beyond() for each in duty.attempts)
    spent = statistics.median(each.loading + each.measured for each in duty.attempts)
    high = beyond[int(0.95 * (jobs - 1))]
    print(
        f"{name:5}  {jobs:4d}  {duty.wall / jobs:8.3f}  {spent:13.3f}  {statistics.median(beyond):13.3f}  {high:5.3f}  "
        f"{(duty.share() or 0) * 100:6.1f}  {(duty.proving_share() or 0) * 100:10.1f}  {start:7.1f}  "
        f"{os.getloadavg()[0]:5.1f}",
        flush=True,
    )


def main() -> None:
    """Print one line for new cells and one for the same again."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--platform", default="cpu")
    asked = parser.parse_args()
    lengths = LENGTHS[: max(1, min(len(LENGTHS), asked.jobs))]
    batches = list(range(1, max(1, asked.jobs // len(lengths)) + 1))
    print("cells  jobs  wall/job  load+measured  beyond median    p95  duty %  evidence %  start s   load")
    with tempfile.TemporaryDirectory(prefix="farm-overhead-") as folder:
        settings = read_settings().model_copy(update={"data_dir": Path(folder)})
        sweep = Path(folder) / "sweep.yaml"
        seed = int.from_bytes(os.urandom(3))  # other texts than last time: their references are new
        sweep.write_text(SWEEP.format(platform=asked.platform, batches=batches, lengths=[*lengths], seed=seed))
        for name in ("new", "again"):
            tell(name, *run(settings, sweep))


if __name__ == "__main__":
    main()
