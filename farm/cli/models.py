"""List the reference models, build them ahead, and look after the cache.

Examples:
  farm models
  farm models build gpt2 minilm
  farm models build --all
  farm models cache list
  farm models cache prune --max-gib 20
"""

import json
from typing import Annotated

import typer

from farm.cli.console import counted, tell
from farm.cli.listing import show
from farm.cli.options import AsFormat, Format, settings_with
from farm.contract.errors import UnknownName
from farm.contract.machine import GIB
from farm.contract.meant import nearest
from farm.local.processes import ask_workers
from farm.reports.document import Column
from farm.sweeps.catalogue import read_catalogue

app = typer.Typer(add_completion=False, rich_markup_mode=None, invoke_without_command=True)
cache = typer.Typer(
    add_completion=False, no_args_is_help=True, rich_markup_mode=None, help="Look after the cached models."
)
app.add_typer(cache, name="cache")


@app.callback()
def models(ctx: typer.Context, form: AsFormat = Format.TABLE) -> None:
    """List the reference models."""
    if ctx.invoked_subcommand is not None:
        return
    columns = (
        Column("model", "Model"),
        Column("family", "Family"),
        Column("stands_for", "Stands for"),
        Column("parameters", "Parameters", "1"),
    )
    show(
        columns,
        [(entry.name, entry.family, entry.stands_for, entry.parameters) for entry in read_catalogue().models.values()],
        form,
    )


@app.command()
def build(
    name: Annotated[list[str] | None, typer.Argument(metavar="NAME...")] = None,
    all_: Annotated[bool, typer.Option("--all", help="Build every reference model.")] = False,
) -> None:
    """Build reference models into the cache.

    They are built from their published architecture, with seeded weights, offline; a model in the cache is left.
    """
    known = read_catalogue().models
    for wanted in name or ():
        if wanted not in known:
            raise UnknownName(f"no model {wanted!r}; {nearest(wanted, known)}")
    wanted_all = list(known) if all_ else list(name or ())
    if not wanted_all:
        raise UnknownName("name the models to build, or give --all")
    settings = settings_with()
    for each in wanted_all:
        told = json.loads(ask_workers(settings, ["build", each]).splitlines()[-1])
        how = f"built in {told['seconds']:.1f} s" if told["seconds"] else "was cached"
        tell(f"{each}: {told['parameters']:,} parameters, {how}")


@cache.command("list")
def list_(form: AsFormat = Format.TABLE) -> None:
    """List what is cached, least recently used first."""
    found = json.loads(ask_workers(settings_with(), ["cache"]))
    columns = (Column("kind", "Kind"), Column("key", "Key"), Column("bytes", "Size", "bytes"))
    show(columns, [(entry["kind"], entry["key"], entry["size_bytes"]) for entry in found], form)


@cache.command()
def prune(max_gib: Annotated[float, typer.Option(min=0, help="Keep at most so many GiB.")]) -> None:
    """Remove the least recently used until at most this size is left."""
    left = json.loads(ask_workers(settings_with(), ["cache", "--max-bytes", str(int(max_gib * GIB))]))
    tell(f"{counted(len(left), 'folder')} left, {sum(entry['size_bytes'] for entry in left) / GIB:.2f} GiB")
