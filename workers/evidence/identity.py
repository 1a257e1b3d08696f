"""Layer identity: the model that was asked for, all of its weights, and all of its work, as the runtimes show it."""

from pydantic import JsonValue

from farm.contract.evidence import Evidence, Layer, Outcome
from workers.evidence.thresholds import LEAST_OF_FILES, LEAST_OF_GRAPH, LEAST_OF_WORK, MOST_OF_GRAPH
from workers.measure.watching import Watched


def judge(
    *,
    runtime: str,
    in_files: int,
    expected: int,
    loaded: object,
    published: int | None,
    graph: bool,
    seen: str = "",
) -> Evidence:
    """Compare the parameters in the weight files with the published count, and those loaded with the reference's.

    `expected` is the count of the reference model of the same head: a folder may hold heads that are not used. `seen`
    is what a watched call showed to be missing.
    """
    figures: dict[str, JsonValue] = {
        "runtime": runtime,
        "parameters_in_files": in_files,
        "parameters_expected": expected,
        "parameters_loaded": loaded if isinstance(loaded, int) else str(loaded),
        "parameters_published": published,
    }

    def say(outcome: Outcome, reason: str) -> Evidence:
        return Evidence(layer=Layer.IDENTITY, outcome=outcome, reason=reason, figures=figures)

    if runtime.startswith("fake"):
        return say(Outcome.FAIL, "a fake platform measures nothing")
    if not isinstance(loaded, int):
        return say(Outcome.FAIL, "the implementation cannot count its parameters")
    if published is not None and in_files != published:
        return say(Outcome.FAIL, f"the files hold {in_files} parameters, the published model has {published}")
    if expected < LEAST_OF_FILES * in_files:
        return say(
            Outcome.FAIL, f"the files hold {in_files} parameters, and the model that they describe has {expected}"
        )
    if graph and not LEAST_OF_GRAPH * expected <= loaded <= MOST_OF_GRAPH * expected:
        return say(Outcome.FAIL, f"the graph holds {loaded} weights, the model has {expected}")
    if not graph and loaded != expected:
        return say(Outcome.FAIL, f"{loaded} parameters are loaded, the model has {expected}")
    if seen:
        return say(Outcome.FAIL, seen)
    return say(Outcome.PASS, "the weights loaded and used are those of the model asked for")


def missing(watched: Watched, expected: Watched, *, parameters: int, precision: str, passes: int) -> str:
    """Say what a watched call left out of the model's work, or nothing.

    What ran is told by the runtimes: PyTorch's FLOPs and what they read, or OpenVINO's graphs and their constants.
    `passes` is how often a graph must run at least.
    """
    if watched.graphs:
        held = sum(graph.weights for graph in watched.graphs)
        if held < LEAST_OF_GRAPH * parameters:
            return f"the graphs that ran hold {held} weights, the model has {parameters}"
        if watched.runs < passes:
            return f"OpenVINO ran {watched.runs} times in a call that needs {passes} runs"
        return ""
    if not watched.flops:
        return "no runtime was seen at work in a watched call: something else answered"
    if watched.flops < LEAST_OF_WORK * expected.flops:
        return f"PyTorch made {watched.flops / expected.flops:.1%} of the model's FLOPs in a watched call"
    if precision != "int8" and watched.weights < LEAST_OF_WORK * expected.weights:  # packed weights are not seen
        share = watched.weights / expected.weights
        return f"PyTorch read {share:.1%} of the model's weights in a watched call"
    return ""
