"""The seconds of each stage add up over the processes of an attempt."""

from farm.contract.states import Stage
from workers.stages import Stages


def test_stages_add_up_and_the_time_between_processes_is_nobodys() -> None:
    seconds = iter([0, 1, 3, 100, 101, 105, 106])
    stages = Stages(now=lambda: next(seconds) * 1_000_000_000)
    for stage in (Stage.START, Stage.PREPARE, None, Stage.START, Stage.PREPARE, Stage.PROVE, None):
        stages.enter(stage)
    assert stages.seconds() == {"start": 1 + 1, "prepare": 2 + 4, "prove": 1}
