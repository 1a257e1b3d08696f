"""Shared by all listings: rows to a table in the asked format on stdout."""

from collections.abc import Iterable, Sequence

from farm.cli.console import say
from farm.cli.options import Format
from farm.reports.document import Cell, Column, Table
from farm.reports.formats import render_table


def show(columns: Sequence[Column], rows: Iterable[Sequence[Cell]], form: Format) -> None:
    """Write a listing to stdout."""
    table = Table(tuple(columns), tuple(tuple(row) for row in rows))
    say(render_table(table, form).rstrip("\n"))
