"""Questions: inputs of the same kind that nobody can know, at places that nobody can know."""

import numpy as np

from farm.contract.job import Measure
from tests.builders import spec
from workers.evidence.questions import later, mixed, places, pose, same
from workers.families.fake import FakeFamily

DICE = np.random.default_rng(0)
ONE = {"ids": np.asarray([[1, 5, 6, 7, 2]]), "pixels": DICE.random((1, 3, 8)), "mask": np.ones((1, 5), dtype=np.int64)}
OTHER = {
    "ids": np.asarray([[1, 8, 9, 7, 2]]),
    "pixels": DICE.random((1, 3, 8)),
    "mask": np.ones((1, 5), dtype=np.int64),
}


class Seeded(FakeFamily):
    """Inputs that tell the seed they were made with."""

    def inputs(self, folder: object, spec: object) -> tuple[dict[str, object], list[float]]:  # type: ignore[override]
        return {"seed": np.asarray([spec.seed])}, []  # type: ignore[attr-defined]


def test_a_mixture_keeps_what_both_have_and_takes_the_rest_from_either() -> None:
    made = [mixed(ONE, OTHER, dice=np.random.default_rng(seed)) for seed in range(20)]
    for each in made:
        assert {name: array.shape for name, array in each.items()} == {name: array.shape for name, array in ONE.items()}
        assert each["ids"][0, [0, 3, 4]].tolist() == [1, 7, 2]
        assert each["ids"][0, 1] in (5, 8) and each["ids"][0, 2] in (6, 9)
        assert sorted(each["pixels"].ravel()) == sorted(OTHER["pixels"].ravel())
    assert len({each["pixels"].tobytes() for each in made}) > 1
    assert same(ONE, ONE) and not same(ONE, OTHER)


def test_places_are_drawn_anew_and_never_the_first() -> None:
    drawn = [places(3, among=20) for _ in range(30)]
    assert all(len(each) == 3 and 0 not in each and sorted(each.values()) == [0, 1, 2] for each in drawn)
    assert len({tuple(each) for each in drawn}) > 10
    assert all(min(each) <= 4 for each in drawn)
    assert {*places(1, among=3)} <= {1, 2}
    assert places(3, among=1) == {}


def test_every_attempt_has_its_own_question() -> None:
    cell = spec(measure=Measure(max_iterations=20))
    posed = [pose(Seeded(), cell, folder=None, inputs={"seed": np.asarray([0])}) for _ in range(3)]  # type: ignore[arg-type]
    assert len({each.seed for each in posed}) == 3
    assert all(each.inputs[0]["seed"][0] == each.seed and len(each.inputs) == 3 for each in posed)


def test_a_long_loop_has_questions_to_its_end() -> None:
    for _ in range(20):
        found = later(20, 10_000)
        assert found == sorted({*found}) and 20 <= found[0] <= 30 and 6000 < found[-1] < 10_000
        assert len(found) < 20
    assert later(20, 20) == []


def test_late_questions_are_as_many_as_their_inputs_are_small() -> None:
    large = {"array": np.zeros(3 * 2**20, dtype=np.int8)}

    class Zeros(FakeFamily):
        def inputs(self, folder: object, spec: object) -> tuple[dict[str, object], list[float]]:  # type: ignore[override]
            return {**large}, []

    small = pose(Seeded(), spec(), folder=None, inputs={"seed": np.asarray([0])})  # type: ignore[arg-type]
    assert len(small.inputs) == len(small.places) > 10
    assert sorted(small.places.values()) == [*range(len(small.inputs))]
    assert len(pose(Zeros(), spec(), folder=None, inputs=large).inputs) == 4  # type: ignore[arg-type]
