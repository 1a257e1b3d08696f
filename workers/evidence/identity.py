"""Layer identity: the model that was asked for, all of its weights, and a runtime that computes."""

from farm.contract.evidence import Evidence, Layer, Outcome
from workers.evidence.thresholds import LEAST_OF_GRAPH, MOST_OF_GRAPH


def judge(*, runtime: str, in_files: int, expected: int, loaded: int, published: int | None, graph: bool) -> Evidence:
    """Compare the parameters in the weight files with the published count, and those loaded with the reference's.

    `expected` is the count of the reference model of the same head: a folder may hold heads that are not used.
    """
    figures = {
        "runtime": runtime,
        "parameters_in_files": in_files,
        "parameters_expected": expected,
        "parameters_loaded": loaded,
        "parameters_published": published,
    }

    def say(outcome: Outcome, reason: str) -> Evidence:
        return Evidence(layer=Layer.IDENTITY, outcome=outcome, reason=reason, figures={**figures})

    if runtime.startswith("fake"):
        return say(Outcome.FAIL, "a fake platform measures nothing")
    if published is not None and in_files != published:
        return say(Outcome.FAIL, f"the files hold {in_files} parameters, the published model has {published}")
    if graph and not LEAST_OF_GRAPH * expected <= loaded <= MOST_OF_GRAPH * expected:
        return say(Outcome.FAIL, f"the graph holds {loaded} weights, the model has {expected}")
    if not graph and loaded != expected:
        return say(Outcome.FAIL, f"{loaded} parameters are loaded, the model has {expected}")
    return say(Outcome.PASS, "the loaded weights are those of the model asked for")
