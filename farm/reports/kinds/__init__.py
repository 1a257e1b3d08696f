"""The reports by kind: one file per kind, found by its name.

In: what is asked for. Out: a document for any format. A kind's first sentence is its help; `TAKES` names what it takes
beside its words, `WORDS` how these are written.
"""

import ast
import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from sqlalchemy.orm import Session

from farm.contract.errors import UnknownName, UserMistake
from farm.contract.meant import meant, offered
from farm.queries.question import Question
from farm.reports.document import Document

DEFAULT: Final = "performance"
CURRENCY: Final = "USD"
NEAR: Final = 0.7  # likeness from which a word is a misspelt kind rather than the id of a sweep


class Request(NamedTuple):
    """What a person asks for: words after the kind, filters, and what only some kinds take."""

    words: tuple[str, ...] = ()
    question: Question = Question()
    metric: tuple[str, ...] = ()
    price: tuple[str, ...] = ()
    currency: str = CURRENCY
    threshold: float | None = None

    def given(self) -> list[str]:
        """Name the parts that were given."""
        empty = Request()
        return [name for name in self._fields if name != "words" and getattr(self, name) != getattr(empty, name)]


class Kind(NamedTuple):
    """One kind: its name, its sentence, how its words are written, and what else it takes."""

    name: str
    sentence: str
    words: str
    takes: tuple[str, ...]


#: What people call the parts of a request.
OPTIONS: Final = {"question": "filters", "metric": "--metric", "price": "--price", "currency": "--currency"}


def kinds() -> list[Kind]:
    """Give every kind, read from the files without importing them."""
    paths = sorted(path for path in Path(__file__).parent.glob("*.py") if not path.name.startswith("_"))
    return [_read(path) for path in paths]


def parted(words: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """Part the words of a command into a kind and the rest; without a kind it is the performance report.

    Raises: UnknownName for a word that is nearly a kind.
    """
    names = [kind.name for kind in kinds()]
    if not words:
        return DEFAULT, ()
    if words[0] in names:
        return words[0], tuple(words[1:])
    if len(words) > 1 or meant(words[0], names, likeness=NEAR):
        raise UnknownName(f"no report is called {words[0]!r}; {offered(words[0], names, likeness=NEAR)}")
    return DEFAULT, tuple(words)


def build(session: Session, name: str, request: Request) -> Document:
    """Put a report together.

    Raises: UserMistake for what the kind does not take, and whatever it says of what is asked for.
    """
    kind = next(each for each in kinds() if each.name == name)
    for part in request.given():
        if part not in kind.takes:
            known = ", ".join(OPTIONS.get(each, f"--{each}") for each in kind.takes) or "no options"
            raise UserMistake(f"the {name} report takes no {OPTIONS.get(part, f'--{part}')}; it takes {known}")
    most = len(kind.words.split())
    if len(request.words) > most and "..." not in kind.words:
        raise UserMistake(f"write: farm report {name} {kind.words}".rstrip())
    module: Any = importlib.import_module(f"{__name__}.{name}")
    document: Document = module.build(session, request)
    return document


def _read(path: Path) -> Kind:
    tree = ast.parse(path.read_text())
    literals = {
        node.target.id: ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None
        if node.target.id in ("TAKES", "WORDS")
    }
    sentence = (ast.get_docstring(tree) or "").splitlines()[0]
    return Kind(path.stem, sentence, literals.get("WORDS", ""), tuple(literals.get("TAKES", ())))
