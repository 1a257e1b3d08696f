"""What a person types: one file per noun, found by its name and imported only when it is called."""

import ast
import importlib
import sys
from pathlib import Path
from typing import Annotated, Any, Final, cast

import typer
from typer.core import TyperGroup

from farm import __version__
from farm.contract.errors import FarmError
from farm.contract.meant import offered
from farm.reports.printable import printable_lines

#: Files of this folder that are no commands.
NO_COMMANDS: Final = frozenset(
    {"__init__", "asking", "console", "exchange", "gathered", "listing", "options", "opening", "speeds", "waiting"}
)
#: The base of what typer raises for a mistake on the command line: click's, or that of the click newer ones bring.
MISTAKE: Final = cast(
    "type[typer.BadParameter]", next(base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException")
)
INTERRUPTED: Final = 130  # as shells report a Ctrl-C


class Nouns(TyperGroup):
    """Finds commands by file name. The help line is a file's first sentence, read without importing it."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Name every command."""
        del ctx
        return sorted(path.stem for path in _folder().glob("*.py") if path.stem not in NO_COMMANDS)

    def get_command(self, ctx: Any, name: str) -> Any:
        """Import one command."""
        if name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f"farm.cli.{name}")
        command = typer.main.get_command(module.app)
        command.name = name
        sentence, _, examples = (module.__doc__ or "").partition("\n\nExamples:\n")
        command.help = command.help or sentence
        _add_examples(command, f"farm {name}", examples.strip().splitlines())
        return command

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command that is called; of an unknown word, say which was probably meant."""
        known = self.list_commands(ctx)
        if args and args[0] not in known and not args[0].startswith("-"):
            ctx.fail(f"No such command {args[0]!r}; {offered(args[0], known)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, _first_sentence(name)) for name in self.list_commands(ctx)])


def _add_examples(command: Any, words: str, examples: list[str]) -> None:
    """End the help of a command, and of all below it, with those examples that are about it."""
    own = [line.strip() for line in examples if f"{line.strip()} ".startswith(f"{words} ")]
    if own:
        command.epilog = "\b\n" + "\n".join(["Examples:", *(f"  {line}" for line in own)])
    if isinstance(command, TyperGroup):
        for name, below in command.commands.items():
            _add_examples(below, f"{words} {name}", own)


def _folder() -> Path:
    return Path(__file__).parent


def _first_sentence(name: str) -> str:
    docstring = ast.get_docstring(ast.parse((_folder() / f"{name}.py").read_text())) or ""
    return docstring.splitlines()[0]


app = typer.Typer(cls=Nouns, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"benchmark-farm {__version__}")
        raise typer.Exit


@app.callback()
def farm(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Measure models on machines, keep every number with its proof, and answer how fast is real.

    Start with:  farm run examples/quickstart.yaml

    Exit codes: 0 fine, 1 some jobs failed, 2 a mistake in what was asked, 3 something the farm needs is missing.

    Settings come from flags, FARM_* variables and farm.toml. `farm COMMAND --help` has examples.
    """


def main() -> None:
    """Run one command: the only place that turns an error into words and an exit code."""
    sys.exit(_run())


def _run() -> int:
    try:
        code = typer.main.get_command(app).main(prog_name="farm", standalone_mode=False)
    except FarmError as error:
        typer.echo(f"error: {printable_lines(str(error))}", err=True)
        return error.exit_code
    except MISTAKE as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        typer.echo("stopped", err=True)
        return INTERRUPTED
    return code if isinstance(code, int) else 0
