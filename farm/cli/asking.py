"""Options that ask for results in words, with the same names and help in every command."""

from typing import Annotated

import typer

from farm.queries.filters import Filters

Sweep = Annotated[str | None, typer.Option("--sweep", metavar="ID", help="Id of the sweep; `last` is the newest.")]
Name = Annotated[str | None, typer.Option("--name", help="Name of the sweep.")]
Model = Annotated[str | None, typer.Option("--model", help="Model, as the sweep named it.")]
Family = Annotated[str | None, typer.Option("--family", help="Kind of work, such as text_embedding.")]
Platform = Annotated[str | None, typer.Option("--platform", help="Runtime on a device, such as openvino.")]
Precision = Annotated[str | None, typer.Option("--precision", help="Number format, such as bf16.")]
Scenario = Annotated[str | None, typer.Option("--scenario", help="latency or throughput.")]
Machine = Annotated[str | None, typer.Option("--machine", help="Name of the box.")]
Verdict = Annotated[str | None, typer.Option("--verdict", help="real, suspect, mock or fake.")]
Since = Annotated[str | None, typer.Option("--since", metavar="WHEN", help="2026-01-31, 2026-01-31T18:00, or 7d ago.")]
Until = Annotated[str | None, typer.Option("--until", metavar="WHEN", help="As --since; a day counts as a whole.")]
Label = Annotated[
    list[str] | None, typer.Option("--label", metavar="NAME=VALUE", help="Label of the sweep; may be given again.")
]
Metrics = Annotated[
    list[str] | None,
    typer.Option("--metric", metavar="METRIC", help="Show this metric; may be given again."),
]
Where = Annotated[
    list[str] | None,
    typer.Option("--where", metavar="CONDITION", help="As batch_size>=8 or latency<10ms; may be given again."),
]


def given(**words: str | None) -> Filters:
    """Keep the filters that were given."""
    return {word: value for word, value in words.items() if value}
