"""How long questions take in a large history: fills an empty database, then asks every question as a person types it.

python bench/history.py --db postgresql://... --attempts 10000 --save one.json        a million measurements
python bench/history.py --db postgresql://... --attempts 100000 --against one.json    ten million, and how times grew
python bench/history.py --db sqlite:////tmp/big.sqlite3 --attempts 10000

Each command runs --runs times in this process, with everything but the start of Python: opening the database, asking,
writing the answer. --plans FILE writes how the database found each answer. What is in the database: history_fill.py.
"""

import argparse
import gc
import io
import json
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, Final

import history_fill
import numpy as np
import typer
from history_fill import CELLS, METRICS_EACH, START, night
from sqlalchemy import Engine, event, func, select

from farm import cli
from farm.database import migrate, tables
from farm.database.engine import open_engine, read

LINE_WIDTH: Final = 118  # of the plans
LONG_LIST: Final = re.compile(r"'?\{[^{}]{80,}\}'?(::\w+\[\])?|\((?:%\S+|'?\w+'?|\?)(?:, (?:%\S+|'?\w+'?|\?)){8,}\)")

Asked = Callable[[], object]


def commands(attempts: int) -> dict[str, tuple[str, ...]]:
    """Give the questions, by how much of the history they are about."""
    last, middle = -(-attempts // CELLS) - 1, attempts // 2
    return {
        "interactive": (
            "results",
            "results --page 50",
            "results --model model-3 --platform cpu",
            "results --machine box-2 --verdict real",
            "results --verdict suspect",
            "results --verdict mock",
            f"results --label commit=c{last}",
            f"results --sweep s{last // 2}",
            f"results --since {night(attempts - 1):%Y-%m-%dT%H:%M}",
            "results --where latency<11ms",
            "results --where batch_size>=8 --where doubts>0",
            "results --model modell-3",
            "results --sort latency",
            "results --sort -finished_at --limit 20",
            "results --model model-3 --sort latency",
            "results --model model-3 --platform cpu --pivot batch_size",
            "results --model model-3 --platform cpu --group batch_size",
            f"results --sweep s{last} --pivot platform",
            f"results show a{middle}",
            f"results show j{middle}",
            f"compare commit=c{last - 1},model=model-3 commit=c{last},model=model-3",
            "trend --model model-3 --machine box-1 --platform cpu",
            "sweep list",
            f"sweep show s{last}",
            "jobs list",
            f"jobs show j{middle}",
            "machines",
            "metrics",
            "top --once",
        ),
        "over much": (
            "results --pivot platform",
            "results --group model --group platform",
            "results --sort latency.p95",
            f"compare c{last - 1} c{last}".replace(" c", " commit=c"),
            f"report s{last}",
            f"results export {Path(tempfile.gettempdir()) / 'night.jsonl'} --sweep s{last}",
            "trend --since 2w",
            "trend",
            "trend --null",
        ),
    }


def asked(url: str, words: str) -> Asked:
    """Give a command to be run, with its answer put away."""
    command = typer.main.get_command(cli.app)
    args = [*words.split(), "--db", url]

    def run() -> None:
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            command.main(args=args, prog_name="farm", standalone_mode=False)

    return run


def timed(question: Asked, runs: int) -> list[float]:
    """Ask a question again and again; give the milliseconds of each.

    What this process gathered before, a process of its own would not have to look through for garbage.
    """
    question()
    gc.collect()
    gc.freeze()
    found = []
    for _ in range(runs):
        began = time.perf_counter()
        question()
        found.append((time.perf_counter() - began) * 1e3)
    return found


@contextmanager
def statements() -> Iterator[list[tuple[str, Any, float]]]:
    """Gather what is asked of the database meanwhile: the SQL, its values, and the seconds it took."""
    found: list[tuple[str, Any, float]] = []
    began: dict[int, float] = {}

    def before(_connection: Any, cursor: Any, *_: Any) -> None:
        began[id(cursor)] = time.perf_counter()

    def after(_connection: Any, cursor: Any, sql: str, values: Any, *_: Any) -> None:
        found.append((sql, values, time.perf_counter() - began[id(cursor)]))

    event.listen(Engine, "before_cursor_execute", before)
    event.listen(Engine, "after_cursor_execute", after)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", before)
        event.remove(Engine, "after_cursor_execute", after)


def plans(engine: Engine, url: str, questions: dict[str, tuple[str, ...]]) -> str:
    """Write of each question the statement that took longest, and how the database answers it."""
    explain = "EXPLAIN QUERY PLAN " if engine.dialect.name == "sqlite" else "EXPLAIN (ANALYZE, TIMING OFF) "
    parts = []
    for words in (each for group in questions.values() for each in group):
        question = asked(url, words)
        question()
        with statements() as found:
            question()
        chosen = [each for each in found if each[0].lstrip().upper().startswith(("SELECT", "WITH"))]
        sql, values, _ = max(chosen, key=lambda each: each[2])
        with engine.connect() as connection:
            rows = connection.exec_driver_sql(explain + sql, values).all()
        plan = [_shortened(str(row[-1])) for row in rows]
        parts += [f"## farm {words}", "", f"{len(chosen)} statements; the longest:", "", "```sql", _narrow(sql), "```"]
        parts += ["", "```", *plan, "```", ""]
    return "\n".join(parts)


def _narrow(sql: str) -> str:
    """Leave out the columns, and cut long lists of values."""
    words = re.sub(r"\s+", " ", sql)
    words = re.sub(r"^SELECT (?!count).*? FROM ", "SELECT … FROM ", words)
    return re.sub(
        r" (FROM|JOIN|LEFT OUTER JOIN|WHERE|ORDER BY|GROUP BY|LIMIT|AND) ", r"\n\1 ", LONG_LIST.sub("(…)", words)
    )


def _shortened(line: str) -> str:
    line = re.sub(r"width=\d+|cost=[\d.]+ ?", "", LONG_LIST.sub("(…)", line)).replace("( )", "")
    return line if len(line) <= LINE_WIDTH else f"{line[: LINE_WIDTH - 1]}…"


def _line(words: str, times: list[float], before: list[float] | None) -> str:
    p50, p95 = np.percentile(times, (50, 95))
    growth = f"{p50 / np.percentile(before, 50):14.1f}" if before else ""
    return f"farm {words:55} {p50:8.0f} {p95:8.0f}{growth}"


def main() -> None:
    """Fill where it is empty, then print one line per question."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--db", required=True)
    parser.add_argument("--attempts", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--only", default="", help="questions that contain this")
    parser.add_argument("--save", type=Path, help="keep the times in this file")
    parser.add_argument("--against", type=Path, help="say how much longer it takes than in this file")
    parser.add_argument("--plans", type=Path, help="write how the database answers to this file")
    given = parser.parse_args()
    os.environ["FARM_LOG_LEVEL"] = "ERROR"
    engine = open_engine(given.db)
    migrate.upgrade(engine)
    attempts = _filled(engine, given.attempts)
    print(
        f"{engine.dialect.name}: {attempts:,} attempts, {attempts * METRICS_EACH:,} measurements since {START:%Y-%m-%d}"
    )
    before = json.loads(given.against.read_text()) if given.against else {}
    everything = commands(attempts)
    kept: dict[str, list[float]] = {}
    for group, questions in everything.items():
        print(f"\n{group:60} {'p50 ms':>8} {'p95 ms':>8}{'  times before' if before else ''}")
        for place, words in enumerate(questions):
            if given.only in words:
                key = f"{group} {place}"
                kept[key] = timed(asked(given.db, words), given.runs)
                print(_line(words, kept[key], before.get(key)), flush=True)
                if given.save:
                    given.save.write_text(json.dumps(kept))
    if given.plans:
        given.plans.write_text(plans(engine, given.db, everything))


def _filled(engine: Engine, wanted: int) -> int:
    with read(engine) as session:
        attempts = session.execute(select(func.count()).select_from(tables.Attempt)).scalar_one()
    if not attempts:
        began = time.perf_counter()
        history_fill.fill(engine, wanted)
        print(f"filled in {time.perf_counter() - began:.0f} s")
    return attempts or wanted


if __name__ == "__main__":
    main()
