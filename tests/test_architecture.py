"""The shape of the code, held by tests: sizes, docstrings, the room map, who prints and who reads the environment."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted(path for room in ("farm", "workers") for path in (ROOT / room).rglob("*.py"))
LONGEST_MODULE = 400
LONGEST_FUNCTION = 60
#: Who may ask the process's environment: the settings, and those who hand an environment to a process they start.
READ_ENVIRONMENT = {
    "farm/settings.py",
    "farm/cli/worker.py",
    "farm/local/broker.py",
    "farm/local/processes.py",
    "farm/local/workers.py",
}
PRINT = {"workers/__main__.py"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_is_small_and_says_what_it_is_for(path: Path) -> None:
    text = path.read_text()
    tree = ast.parse(text)
    assert ast.get_docstring(tree), "a module begins with a sentence"
    assert len(text.splitlines()) <= LONGEST_MODULE
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            assert (node.end_lineno or 0) - node.lineno < LONGEST_FUNCTION, f"{node.name} is too long"


def test_only_commands_print() -> None:
    printing = {
        str(path.relative_to(ROOT))
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("print", "typer.echo", "sys.stdout.write")
    }
    assert {path for path in printing if not path.startswith("farm/cli/")} <= PRINT


def test_the_environment_is_read_in_one_place() -> None:
    found = {str(path.relative_to(ROOT)) for path in MODULES if "os.environ" in path.read_text()}
    assert found <= READ_ENVIRONMENT


def test_the_room_map_is_true() -> None:
    done = subprocess.run([sys.executable, str(ROOT / "scripts" / "room-map"), "--check"], check=False)
    assert done.returncode == 0, "run scripts/room-map"
