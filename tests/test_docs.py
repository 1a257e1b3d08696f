"""Documents that cannot lie: settings, metrics and errors as the code has them."""

from pathlib import Path

from farm.contract import errors
from farm.reports.kinds import kinds
from farm.settings import Settings

ROOT = Path(__file__).parents[1]


def test_every_setting_is_documented_with_its_meaning() -> None:
    rows = (ROOT / "docs" / "settings.md").read_text().splitlines()
    for name, field in Settings.model_fields.items():
        assert any(row.startswith(f"| `FARM_{name.upper()}` ") and str(field.description) in row for row in rows), name


def test_the_tree_of_errors_is_the_one_in_its_docstring() -> None:
    told = [line.split()[0] for line in (errors.__doc__ or "").splitlines()[2:] if line.strip()]
    assert sorted(told) == sorted(each.__name__ for each in errors.leaves().values())


def test_every_example_of_the_readme_is_there() -> None:
    readme = (ROOT / "README.md").read_text()
    for path in (
        "scripts/quickstart",
        "scripts/test",
        "examples/quickstart.yaml",
        "docs/measuring.md",
        "docs/evidence.md",
        "docs/adding.md",
        "docs/commands.md",
    ):
        assert path in readme
        assert (ROOT / path).exists(), path


def test_every_kind_of_report_is_documented() -> None:
    text = (ROOT / "docs" / "reports.md").read_text()
    for kind in kinds():
        assert f"\n## {kind.name.capitalize()}\n" in text
        assert f"| `{kind.name}` |" in text
        assert kind.sentence.endswith(".")
