"""What a report is made of: sections with paragraphs, pictures, and tables whose cells keep their SI values."""

from typing import NamedTuple

from farm.reports.chart import Chart

Cell = str | int | float | None


class Column(NamedTuple):
    """One column: its key for machines, its title for people, and the SI unit of its figures.

    `badges` says that its text is words with commas between, such as verdicts or doubts, which a page may colour.
    """

    key: str
    title: str
    unit: str = ""
    badges: bool = False


class Table(NamedTuple):
    """Rows of cells under columns, with a note below, and the command that asks for the same rows."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""
    command: str = ""


class Section(NamedTuple):
    """A heading with paragraphs, tables, and pictures of figures that the tables have."""

    title: str
    paragraphs: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    charts: tuple[Chart, ...] = ()


class Document(NamedTuple):
    """A whole report."""

    title: str
    sections: tuple[Section, ...]
