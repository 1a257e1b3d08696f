"""The samples of a result at a glance."""

import pytest

from farm.reports.samples import WIDTH, sparkline, table


@pytest.mark.parametrize(
    ("samples", "line"),
    [((1.0, 2.0, 3.0, 8.0), "▁▂▃█"), ((2.0, 2.0), "▁▁"), ((5.0,), "▁"), ((), "")],
)
def test_a_line_is_as_high_as_the_figures(samples: tuple[float, ...], line: str) -> None:
    assert sparkline(samples) == line


def test_many_samples_are_drawn_by_the_medians_of_stretches() -> None:
    assert len(sparkline(range(1000))) == WIDTH
    assert sparkline([1.0] * 999 + [2.0])[-1] == "▁"  # one slow call among many does not stand out


def test_each_repeat_has_a_line() -> None:
    shown = table(((0.2, 0.1, 0.3), (), (0.4,)))
    assert [row[:5] for row in shown.rows] == [(1, 3, 0.1, 0.2, 0.3), (3, 1, 0.4, 0.4, 0.4)]
