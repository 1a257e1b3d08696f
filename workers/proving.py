"""Gathers the evidence of a measured cell, layer by layer, outside the timed loop."""

from typing import Any, NamedTuple

from farm.contract.evidence import Evidence
from workers.engine import Array
from workers.evidence import agreement, identity, placement, plausibility, sensitivity
from workers.opening import OpenCell
from workers.reference import Reference
from workers.standing import Standing
from workers.workload import Workload


class Ran(NamedTuple):
    """What was timed, and how it went."""

    engine: Any
    workload: Workload
    timed: list[dict[str, Array]]  # outputs of timed calls
    seconds: list[float]  # of each timed call
    at_work: float


def prove(cell: OpenCell, ran: Ran, expected: Reference, standing: Standing | None) -> tuple[Evidence, ...]:
    """Judge every layer. `expected` is the reference, `standing` the place below the roof where there is one."""
    spec, folder = cell.assignment.spec, cell.folder
    engine, timed = ran.engine, ran.timed
    answers = cell.family.answers(engine, cell.inputs, spec, folder.path, expected.answers)
    other_inputs, _ = cell.family.inputs(folder.path, spec.model_copy(update={"seed": spec.seed + 1}))
    others = cell.family.answers(engine, other_inputs, spec, folder.path, expected.answers)
    where = engine.placement()
    grows = _growth(cell, ran, expected, standing)
    return (
        identity.judge(
            runtime=str(where["runtime"]),
            in_files=folder.parameters,
            expected=expected.parameters,
            loaded=engine.parameters(),
            published=folder.published_parameters,
            graph="graphs" in where,
        ),
        placement.judge(platform=spec.platform, precision=spec.precision, placement=where),
        agreement.judge(precision=spec.precision, answers=answers, reference=expected.answers, timed=timed),
        sensitivity.judge(answers=answers, others=others, timed=timed),
        plausibility.judge(stands=standing.place if standing else None, at_work=ran.at_work, grows=grows),
    )


def _growth(cell: OpenCell, ran: Ran, expected: Reference, standing: Standing | None) -> plausibility.Growth:
    if standing is None or expected.work is None:
        return plausibility.not_told("there is no work to weigh")
    sizes = plausibility.Sizes(
        engine=ran.engine,
        family=cell.family,
        folder=cell.folder.path,
        spec=cell.assignment.spec,
        call=ran.workload.call,
        seconds=ran.seconds,
        roof=standing.roof,
    )
    return plausibility.growth(sizes, cell.inputs, expected.work)
