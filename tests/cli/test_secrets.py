"""A password planted in the URLs is in nothing that a command says, whatever goes wrong."""

from pathlib import Path

import pytest

from tests.cli.conftest import Farm

PLANTED = "pl4nted-s3cret"
NOWHERE = "127.0.0.1:1"  # nobody listens there
DATABASES = (
    f"postgresql://farm:{PLANTED}@{NOWHERE}/farm",
    f"postgresql://farm:{PLANTED}@{NOWHERE}:port/farm",
    f"mysql://farm:{PLANTED}@{NOWHERE}/farm",
    f"nonsense://farm:{PLANTED}@{NOWHERE}/farm",
    f"{PLANTED}@{NOWHERE}",
)
BROKERS = (
    f"redis://:{PLANTED}@{NOWHERE}/0",
    f"redis://:{PLANTED}@127.0.0.1:port/0",
    f"rediss://:{PLANTED}@{NOWHERE}/0?ssl_cert_reqs=perhaps",
    f"amqp://farm:{PLANTED}@{NOWHERE}//",
    f"amqps://farm:{PLANTED}@{NOWHERE}//?ssl_cert_reqs=perhaps",
    f"pigeon://farm:{PLANTED}@{NOWHERE}",
    f"{PLANTED}@{NOWHERE}",
)
ASKING = (
    ("db", "check"),
    ("db", "upgrade"),
    ("jobs", "list"),
    ("machines",),
    ("metrics",),
    ("report", "last"),
    ("results",),
    ("sweep", "list"),
    ("sweep", "cancel", "x"),
    ("top", "--once"),
    ("trend",),
    ("verify", "x"),
)


@pytest.mark.parametrize("words", ASKING, ids=" ".join)
def test_a_command_that_finds_no_database_keeps_its_password(
    farm: Farm, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    for url in DATABASES:
        monkeypatch.setenv("FARM_DATABASE_URL", url)
        said = farm(*words, check=3)
        assert PLANTED not in said.out + said.err, url
        assert "FARM_DATABASE_URL" in said.err or "database URL" in said.err


@pytest.mark.parametrize("words", [("scheduler",), ("worker", "--platform", "fake")], ids=" ".join)
def test_a_process_that_finds_no_broker_keeps_its_password(
    farm: Farm, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    for url in BROKERS:
        monkeypatch.setenv("FARM_BROKER_URL", url)
        said = farm(*words, check=3)
        assert PLANTED not in said.out + said.err, url
        assert "broker" in said.err


def test_a_setting_that_is_wrong_is_shown_without_its_password(
    farm: Farm, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for line in (f'databse_url = "{DATABASES[0]}"', f'database_url = ["{DATABASES[0]}"]', f'window = "{BROKERS[0]}"'):
        (tmp_path / "farm.toml").write_text(line)
        said = farm("results", check=2)
        assert PLANTED not in said.out + said.err, line
        assert NOWHERE in said.err  # the rest of what was found is shown
