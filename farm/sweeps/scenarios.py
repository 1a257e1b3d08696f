"""The settings of scenarios in a sweep file: how throughput chooses its batch, at which rates queries arrive."""

from collections.abc import Mapping
from typing import Final

from farm.contract.machine import GIB
from farm.contract.scenario import HIGHEST, SERVER, THROUGHPUT, Highest, Throughput
from farm.sweeps.document import Node, fields, items, many, positive, whole
from farm.sweeps.mistakes import Mistakes
from farm.sweeps.plan import Arrivals

THROUGHPUT_KEYS: Final = ("search_batch_size", "memory_gib")
SERVER_KEYS: Final = ("rate", "latency_bound", "percentile")
WHOLE: Final = 100.0  # percent


def read_throughput(node: Node, mistakes: Mistakes) -> Throughput | None:
    """Read how the batch is chosen; None where there are mistakes."""
    before = mistakes.count()
    given = fields(node, mistakes, known=THROUGHPUT_KEYS)
    sizes = _sizes(given["search_batch_size"], mistakes) if "search_batch_size" in given else None
    memory = positive(given["memory_gib"], mistakes) if "memory_gib" in given else None
    if node.is_mapping and not given and mistakes.count() == before:
        mistakes.add(node.line, node.field, f"it says nothing; allowed: {', '.join(THROUGHPUT_KEYS)}")
    if mistakes.count() > before:
        return None
    return Throughput(search_batch_size=sizes, memory_bytes=None if memory is None else memory * GIB)


def read_server(node: Node, mistakes: Mistakes) -> Arrivals | None:
    """Read at which rates queries arrive, and the bound that the highest one must hold; None where there are mistakes.

    A rate may be a list, which makes it an axis.
    """
    before = mistakes.count()
    given = fields(node, mistakes, known=SERVER_KEYS)
    rates = many(given["rate"], mistakes, lambda each: _rate(each, mistakes)) if "rate" in given else ()
    bound = positive(given["latency_bound"], mistakes) if "latency_bound" in given else None
    percentile = _percentile(given["percentile"], mistakes) if "percentile" in given else None
    if node.is_mapping and "rate" not in given:
        mistakes.add(node.line, node.field, "it needs a rate in queries per second, such as {rate: 5}")
    if HIGHEST in rates and "latency_bound" not in given:
        what = f"the rate {HIGHEST} needs a latency_bound in seconds, such as {{rate: {HIGHEST}, latency_bound: 0.1}}"
        mistakes.add(given["rate"].line, f"{node.field}.rate", what)
    if percentile is not None and "latency_bound" not in given:
        what = "a percentile is kept within a latency_bound in seconds; add one, such as latency_bound: 0.1"
        mistakes.add(given["percentile"].line, f"{node.field}.percentile", what)
    if mistakes.count() > before:
        return None
    return Arrivals(rate=rates, latency_bound=bound, **({} if percentile is None else {"percentile": percentile}))


def check_scenarios(scenarios: tuple[str, ...], given: Mapping[str, Node], mistakes: Mistakes) -> None:
    """Note settings of a scenario that the sweep has not, and a server without arrivals."""
    for name in (THROUGHPUT, SERVER):
        if name in given and name not in scenarios:
            what = f"no cell of the sweep has the scenario {name}; add `scenario: {name}`, or leave this out"
            mistakes.add(given[name].line, name, what)
    if SERVER in scenarios and SERVER not in given:
        what = "the scenario server needs a rate of arrivals in queries per second; add `server: {rate: 5}`"
        mistakes.add(given["scenario"].line, "scenario", what)


def _sizes(node: Node, mistakes: Mistakes) -> tuple[int, int] | None:
    """Read the least and the most."""
    each = items(node)
    if not node.is_list or len(each) != 2:
        found = f"a list of {len(each)}" if node.is_list else node.found()
        what = f"found {found}; the least and the most batch size are needed, such as [1, 64]"
        mistakes.add(node.line, node.field, what)
        return None
    least, most = (whole(one, mistakes, least=1) for one in each)
    if least is None or most is None:
        return None
    if least > most:
        what = f"the least, {least}, is above the most, {most}; write [{most}, {least}]"
        mistakes.add(node.line, node.field, what)
        return None
    return least, most


def _rate(node: Node, mistakes: Mistakes) -> float | Highest | None:
    if node.value == HIGHEST:
        return HIGHEST
    value = node.value
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < float("inf"):
        return float(value)
    what = f"found {node.found()}; queries per second above 0 are needed, or the word {HIGHEST}"
    mistakes.add(node.line, node.field, what)
    return None


def _percentile(node: Node, mistakes: Mistakes) -> float | None:
    value = node.value
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < WHOLE:
        return float(value)
    what = f"found {node.found()}; a percentile between 0 and 100 is needed, such as 99"
    mistakes.add(node.line, node.field, what)
    return None
