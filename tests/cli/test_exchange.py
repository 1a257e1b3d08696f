"""Results travel between two farms whole, once, and only from a whole file."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select

from farm.contract.doubts import Doubt, DoubtKind
from farm.contract.record import ResultRecord
from farm.database import migrate, tables
from farm.database.engine import open_engine, read
from farm.queries.audit import audit
from farm.queries.keys import keys
from farm.queries.records import records
from tests.cli.conftest import Farm
from tests.queries.histories import Box, cell, seconds

FORMATS = ("jsonl", "csv", "parquet")
NOISE = Doubt(kind=DoubtKind.NOISY_HOST, figure=0.1 + 0.2, detail='=noise, "quoted"\nand a line')


@pytest.fixture
def measured(farm: Farm, box: Box) -> list[str]:
    """Three results, one doubted and one acknowledged; gives their ids, the oldest first."""
    box.ran([(cell(), seconds(0.01, 0.011)), (cell(batch_size=8), seconds(1 / 3))], labels={"commit": "a", "run": 7})
    box.updates(torch="3")
    box.ran([(cell(), seconds(0.02))], doubts=(NOISE,), log_tail="the log\n", conditions={"repeats": [{"load": 0.5}]})
    rows = json.loads(farm("results", "-f", "json").out)[::-1]
    ids = [row["result"] for row in rows]
    farm("trend", "ack", ids[0], "--note", "known", "--by", "ada")
    return ids


@pytest.fixture
def other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, measured: list[str]) -> Callable[[], Engine]:
    """Make another, empty farm the one that commands ask; gives its engine."""

    def moved() -> Engine:
        url = f"sqlite:///{tmp_path / 'other.sqlite3'}"
        monkeypatch.setenv("FARM_DATABASE_URL", url)
        engine = open_engine(url)
        migrate.upgrade(engine)
        return engine

    return moved


def everything(engine: Engine) -> list[ResultRecord]:
    with read(engine) as session:
        return list(records(session, keys(session, ())[::-1]))


def counts(engine: Engine) -> dict[str, int]:
    with read(engine) as session:
        return {
            name: session.execute(select(func.count()).select_from(table)).scalar_one()
            for name, table in tables.Table.metadata.tables.items()
            if name not in ("event", "queue")
        }


@pytest.mark.parametrize("form", FORMATS)
def test_nothing_is_lost_between_two_farms(
    farm: Farm, box: Box, tmp_path: Path, other: Callable[[], Engine], form: str
) -> None:
    file = tmp_path / f"results.{form}"
    assert farm("results", "export", file).err == f"3 results written to {file}\n"
    first = box.engine
    second = other()
    assert farm("results", "import", file).err == "3 results taken over\n"
    assert everything(second) == everything(first)
    assert [record.doubts for record in everything(second)] == [(), (), (NOISE,)]
    assert counts(second) == counts(first)
    with read(second) as session:
        assert audit(session) == []
    assert json.loads(farm("results", "-f", "json").out)[0]["doubts"] == "noisy_host"
    assert farm("results", "import", file).err == "0 results taken over; 3 were here already\n"
    assert counts(second) == counts(first)


def test_only_what_is_asked_for_is_written(farm: Farm, measured: list[str], tmp_path: Path) -> None:
    file = tmp_path / "some.txt"
    answer = farm("results", "export", file, "--format", "csv", "--label", "commit=a", "--where", "batch_size=8")
    assert answer.err == f"1 result written to {file}\n"
    (row,) = csv.DictReader(file.read_text().splitlines())
    assert (row["result"], row["model"], float(row["latency"])) == (measured[1], "minilm", 1 / 3)


def test_a_farm_grows_by_what_it_lacks(farm: Farm, box: Box, tmp_path: Path, other: Callable[[], Engine]) -> None:
    early, all_ = tmp_path / "early.jsonl", tmp_path / "all.jsonl"
    farm("results", "export", early, "--where", "batch_size=1")
    farm("results", "export", all_)
    second = other()
    farm("results", "import", early)
    assert farm("results", "import", all_).err == "1 result taken over; 2 were here already\n"
    assert counts(second) == counts(box.engine)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("cut", [0.3, 0.7, 0.999])
def test_a_file_cut_short_changes_nothing(
    farm: Farm, tmp_path: Path, other: Callable[[], Engine], form: str, cut: float
) -> None:
    file = tmp_path / f"results.{form}"
    farm("results", "export", file)
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * cut)])
    second = other()
    before = counts(second)
    assert str(file) in farm("results", "import", file, check=2).err
    assert counts(second) == before


@pytest.mark.parametrize("form", ("jsonl", "csv"))
def test_a_file_without_its_last_line_is_noticed(
    farm: Farm, tmp_path: Path, other: Callable[[], Engine], form: str
) -> None:
    file = tmp_path / f"results.{form}"
    farm("results", "export", file, "--where", "doubts=0")
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(lines[:-1]))
    second = other()
    assert f"{file} was cut short: it has 1 of 2 rows; export it again" in farm("results", "import", file, check=2).err
    assert sum(counts(second).values()) == 0


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "has no rows: it was not written by `farm results export`"),
        ("model,latency\nminilm,3\n", "was not written by `farm results export`: it has no columns row and rows"),
        ('{"row": 1, "rows": 1, "record": "{}"}\n', "row 1 is no result of a farm: sweep: Field required"),
        ('{"row": 2, "rows": 2, "record": "{}"}\n', "row 1 is not whole; rows were taken out or changed"),
        ("[1]\n", "has no rows"),
        ("{]\n", "line 1 is no whole JSON object"),
        ("PAR1 and nothing more", "is no whole Parquet file"),
    ],
)
def test_a_file_from_elsewhere_is_refused(farm: Farm, box: Box, tmp_path: Path, content: str, told: str) -> None:
    file = tmp_path / "file"
    file.write_text(content)
    assert told in farm("results", "import", file, check=2).err


@pytest.mark.usefixtures("box")
def test_mistakes_of_an_export_are_told(farm: Farm, tmp_path: Path) -> None:
    assert (
        "there are no such results; nothing was written" in farm("results", "export", tmp_path / "a.csv", check=2).err
    )
    assert "Name it .jsonl, .csv or .parquet" in farm("results", "export", tmp_path / "a.xml", check=2).err
    assert "no file" in farm("results", "import", tmp_path / "a.csv", check=2).err
    assert not list(tmp_path.glob("a.*"))
    assert not list(tmp_path.glob(".a.*"))


def test_a_result_that_contradicts_what_is_here_is_refused(
    farm: Farm, tmp_path: Path, other: Callable[[], Engine]
) -> None:
    file = tmp_path / "results.jsonl"
    farm("results", "export", file)
    second = other()
    farm("results", "import", file)
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    record = json.loads(rows[-1]["record"])
    record["attempt"]["public_id"] = "another"
    file.write_text(json.dumps({**rows[-1], "row": 1, "rows": 1, "record": json.dumps(record)}))
    before = counts(second)
    assert "result another contradicts what is here" in farm("results", "import", file, check=2).err
    assert counts(second) == before
