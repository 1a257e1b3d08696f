"""What every model of the zoo shares: its facts, read without importing it, and the way it is built and checked."""

import ast
import importlib
from pathlib import Path
from typing import Any, Final, NamedTuple

from farm.contract.errors import ModelNotFound, WrongModel
from farm.contract.meant import offered
from workers.zoo.weights import count_parameters

SEED: Final = 20240601  # of the random weights
_HERE: Final = Path(__file__).parent


class Facts(NamedTuple):
    """What stands as literals on top of a model's file."""

    family: str
    stands_for: str
    parameters: int
    version: int  # raised when the model's files change though no library did


def names() -> tuple[str, ...]:
    """List the models of the zoo: the files with a FAMILY, named with - for _."""
    found = (path.stem.replace("_", "-") for path in _HERE.glob("*.py") if "FAMILY" in _literals(path))
    return tuple(sorted(found))


def read_facts(name: str) -> Facts:
    """Read a model's facts without importing its file. Raises: ModelNotFound with the nearest names."""
    path = _HERE / f"{_stem(name)}.py"
    facts = _literals(path) if path.is_file() else {}
    if "FAMILY" not in facts or name != path.stem.replace("_", "-"):
        raise ModelNotFound(f"the zoo has no model {name!r}; {offered(name, names())}")
    return Facts(facts["FAMILY"], facts["STANDS_FOR"], facts["PARAMETERS"], facts["VERSION"])


def build_model(name: str, folder: Path) -> None:
    """Build a model into an empty folder: the same bytes every time, with the same libraries.

    Raises: WrongModel when its parameters are not as many as the published model has.
    """
    facts = read_facts(name)
    importlib.import_module(f"workers.zoo.{_stem(name)}").build(folder)
    built = count_parameters(folder)
    if built != facts.parameters:
        raise WrongModel(f"{name} was built with {built:,} parameters, and {facts.stands_for} has {facts.parameters:,}")


def _literals(path: Path) -> dict[str, Any]:
    """Read the constants that a file states as literals, without running it."""
    return {
        statement.target.id: ast.literal_eval(statement.value)
        for statement in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(statement, ast.AnnAssign)
        and isinstance(statement.target, ast.Name)
        and isinstance(statement.value, ast.Constant)
    }


def _stem(name: str) -> str:
    return name.replace("-", "_")
