"""Shared by all listings: rows to a table in the asked format on stdout."""

from collections.abc import Iterable, Sequence

from farm.cli.console import say
from farm.cli.options import Format
from farm.reports.document import Cell, Column, Document, Section, Table
from farm.reports.formats import render, render_table


def show(columns: Sequence[Column], rows: Iterable[Sequence[Cell]], form: Format) -> None:
    """Write a listing to stdout."""
    show_table(table_of(columns, rows), form)


def show_table(table: Table, form: Format) -> None:
    """Write one table to stdout."""
    say(render_table(table, form).rstrip("\n"))


def show_parts(parts: dict[str, Table], form: Format, *, csv: str) -> None:
    """Write several tables about one thing, by their names; CSV, which holds one table, gets the one named `csv`."""
    if form is Format.CSV:
        say(render_table(parts[csv], form).rstrip("\n"))
        return
    sections = tuple(Section(name, (), (table,)) for name, table in parts.items() if table.rows or form is Format.JSON)
    say(render(Document("", sections), form).rstrip("\n"))


def table_of(columns: Sequence[Column], rows: Iterable[Sequence[Cell]]) -> Table:
    """Put rows under columns."""
    return Table(tuple(columns), tuple(tuple(row) for row in rows))
