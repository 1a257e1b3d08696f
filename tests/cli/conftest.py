"""The command line in this process, and a database with one of everything to ask it about."""

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from sqlalchemy import Engine, select, update

from farm.cli import _run
from farm.contract.doubts import Doubt, DoubtKind
from farm.contract.job import ModelReference
from farm.contract.requirement import Requirement
from farm.database import migrate, tables
from farm.database.engine import now, open_engine, read, write
from tests.builders import dispatched, done, failed, measured, registered, spec, submitted
from tests.queries.histories import Box

WILD = "=cmd()\x1b[2J"
MINILM = ModelReference(name="minilm", source="zoo", location="minilm", family="text_embedding")
BOX = Requirement(tags=("box",))
METRICS = (measured("latency", 0.04), measured("throughput", 25.0), measured("memory_growth", 2.0**20))


class Answer(NamedTuple):
    """What a command said."""

    out: str
    err: str


Farm = Callable[..., Answer]


@pytest.fixture
def farm(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Farm:
    """Give a function that types a command and checks its exit code."""

    def typed(*words: str | Path, check: int = 0) -> Answer:
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["farm", *map(str, words)])
        code = _run()
        answer = Answer(*capsys.readouterr())
        assert code == check, answer
        assert "Traceback" not in answer.err
        return answer

    return typed


@pytest.fixture(scope="session")
def _template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the database once: jobs done, done with a doubt, failed, waiting and unsupported."""
    path = tmp_path_factory.mktemp("database") / "farm.sqlite3"
    engine = open_engine(f"sqlite:///{path}")
    migrate.upgrade(engine)
    cells = [
        (spec(model=MINILM, platform="cpu", sequence_length=128, requirement=BOX), None),
        (spec(model=MINILM, platform="openvino", sequence_length=128, requirement=BOX), None),
        (spec(model=MINILM, platform="openvino", precision="bf16", sequence_length=128, requirement=BOX), None),
        (spec(model=MINILM, platform="cuda", sequence_length=128, requirement=Requirement(tags=("cuda",))), None),
        (spec(model=MINILM, platform="cpu", precision="int8", sequence_length=128, requirement=BOX), "no int8"),
    ]
    submitted(engine, cells=cells, name="nightly", labels={"purpose": WILD}, max_attempts=1)
    worker = registered(engine, "box")
    done(engine, worker, job_id=1, measurements=METRICS, log_tail=f"10 %\r20 %\n{WILD}")
    doubt = Doubt(kind=DoubtKind.NOISY_HOST, figure=0.5, detail=f"noise {WILD}")
    done(engine, worker, job_id=2, measurements=METRICS, doubts=(doubt,))
    failed(engine, worker, job_id=3, code="python_error", message=WILD, log_tail="the end")
    dispatched(engine)
    engine.dispose()
    return path


@pytest.fixture
def filled(_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """Make that database the one that commands ask; its worker was heard a moment ago."""
    path = tmp_path / "filled.sqlite3"
    shutil.copy(_template, path)
    url = f"sqlite:///{path}"
    monkeypatch.setenv("FARM_DATABASE_URL", url)
    engine = open_engine(url)
    with write(engine) as session:
        session.execute(update(tables.Worker).values(last_seen_at=now(session)))
    return engine


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Box]:
    """Give a machine that has measured nothing yet; its database is the one that commands ask."""
    url = f"sqlite:///{tmp_path / 'box.sqlite3'}"
    monkeypatch.setenv("FARM_DATABASE_URL", url)
    engine = open_engine(url)
    migrate.upgrade(engine)
    yield Box(engine)
    engine.dispose()


@pytest.fixture
def jobs(filled: Engine) -> list[str]:
    """Give the ids of its jobs, in order."""
    with read(filled) as session:
        return list(session.execute(select(tables.Job.public_id).order_by(tables.Job.id)).scalars())
