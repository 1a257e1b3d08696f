"""How much of the room to its thresholds an honest result used up: what comes near 1 is the next false alarm."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from farm.contract.evidence import Evidence

Figures = Mapping[str, Any]


def _cosine(name: str, figures: Figures) -> float:
    least = figures.get(f"least_{name}", figures["least_cosine"])
    return (1.0 - float(figures[name])) / (1.0 - float(least))


def _error(name: str, figures: Figures) -> float:
    return float(figures[name]) / float(figures.get(f"most_{name}", figures["most_error"]))


def _confused(name: str, figures: Figures) -> float:
    spread = float(figures[name.replace("confused", "spread")])
    return float(figures[name]) / float(figures["most_confused"]) if spread >= float(figures["rounding"]) else 0.0


def _roof(name: str, figures: Figures) -> float:
    return float(figures[name]) / (1.0 + float(figures["roof_error"]))


def _new_inputs(name: str, figures: Figures) -> float:
    found = figures.get("new_inputs_time_again", figures[name])
    return 0.0 if found is None else float(found) / float(figures["most_new_inputs_time"])


#: By the name of a figure, or what it begins with: the share of its room that it used; 1 is the threshold.
SHARES: Final[Mapping[str, Callable[[str, Figures], float]]] = {
    "cosine_": _cosine,
    "error_": _error,
    "behind": lambda name, figures: float(figures[name]) / float(figures["most_behind"]),
    "confused_": _confused,
    "watched_away": lambda name, figures: float(figures[name]) / float(figures["most_watched_away"]),
    "at_work": lambda name, figures: float(figures["least_at_work"]) / max(float(figures[name]), 1e-9),
    "most_at_work": lambda name, figures: float(figures["at_work"]) / float(figures[name]),
    "roofline_fraction": _roof,
    "first_token_fraction": _roof,
    "other_tokens_fraction": _roof,
    "helped": lambda name, figures: float(figures[name]) / float(figures["most_helped"]),
    "more_time": lambda name, figures: float(figures["least_more_time"]) / float(figures[name]),
    "new_inputs_time_lately": lambda name, figures: float(figures[name]) / float(figures[f"most_{name}"]),
    "new_inputs_time": _new_inputs,
    "reading_time": lambda name, figures: float(figures[name]) / float(figures["most_beside_time"]),
    "placing_time": lambda name, figures: float(figures[name]) / float(figures["most_beside_time"]),
}


def nearness(each: Evidence) -> Iterator[tuple[str, float]]:
    """Give each figure that has a threshold with the share of its room that it used up."""
    for name in each.figures:
        share = SHARES.get(name) or SHARES.get(f"{name.partition('_')[0]}_")
        if share is not None:
            yield name, share(name, each.figures)
