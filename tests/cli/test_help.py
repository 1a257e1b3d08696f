"""Every command explains itself, with an example that is a command."""

import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.core import TyperGroup

from farm.cli import app
from tests.cli.conftest import Farm

ROOT = Path(__file__).parents[2]


def commands(command: Any, *words: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Give every command and all below it, with the words that call it."""
    yield words, command
    if isinstance(command, TyperGroup):
        context = typer.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from commands(below, *words, name)


COMMANDS = dict(commands(typer.main.get_command(app)))


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_help_says_what_it_does_and_gives_an_example(farm: Farm, words: tuple[str, ...]) -> None:
    answer = farm(*words, "--help")
    assert answer.err == ""
    assert answer.out.startswith(f"Usage: {' '.join(['farm', *words])} ")
    assert COMMANDS[words].help
    assert f"  {' '.join(['farm', *words])}" in answer.out.partition("Examples:")[2] or not words
    assert ("--install-completion" in answer.out) == (not words)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_example_is_a_command_with_options_it_has(words: tuple[str, ...]) -> None:
    lines = (COMMANDS[words].epilog or "").splitlines()[2:]
    for line in lines:
        program, *rest = shlex.split(line.partition(" > ")[0])
        assert program == "farm"
        name = next(
            COMMANDS[tuple(rest[:length])] for length in range(len(rest), 0, -1) if tuple(rest[:length]) in COMMANDS
        )
        known = {option for parameter in name.params for option in parameter.opts}
        assert {word for word in rest if word.startswith("-")} <= known, line


def test_the_command_reference_is_true() -> None:
    done = subprocess.run([sys.executable, str(ROOT / "scripts" / "command-reference"), "--check"], check=False)
    assert done.returncode == 0, "run scripts/command-reference"


@pytest.mark.parametrize(
    ("typed", "offered"),
    [("farm sw", ["sweep"]), ("farm sweep s", ["submit", "show"]), ("farm run --re", ["--report", "--resume"])],
)
def test_the_shell_completes_commands_and_options(
    typed: str, offered: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["farm"])
    for name, value in (
        ("_FARM_COMPLETE", "complete_bash"),
        ("COMP_WORDS", typed),
        ("COMP_CWORD", str(typed.count(" "))),
    ):
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        from farm.cli import _run

        _run()
    assert ended.value.code == 0
    assert capsys.readouterr().out.split() == offered


def test_an_unknown_command_is_a_mistake(farm: Farm) -> None:
    assert "No such command 'swep'; did you mean sweep?" in farm("swep", check=2).err
    assert "Missing argument" in farm("run", check=2).err


def test_the_version_is_told(farm: Farm) -> None:
    assert farm("--version").out.startswith("benchmark-farm ")
