"""What a report is made of: sections with paragraphs and tables whose cells keep their SI values."""

from typing import NamedTuple

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
    """Rows of cells under columns, with a note below."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""


class Section(NamedTuple):
    """A heading with paragraphs and tables."""

    title: str
    paragraphs: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()


class Document(NamedTuple):
    """A whole report."""

    title: str
    sections: tuple[Section, ...]
