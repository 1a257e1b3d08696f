"""Whether a canary's figure drifts, against rows whose answer is known."""

import random

import pytest

from farm.contract.canary import (
    EFFECT,
    LEAST,
    CanaryStanding,
    at_rest,
    canary_spec,
    canary_tag,
    canary_tags,
    judge_canary,
)
from farm.contract.machine import GIB, Machine
from farm.contract.requirement import Offer

STEADY = [0.0100, 0.0101, 0.0099, 0.0102, 0.0100, 0.0098]
BOX = Machine(
    host_id="host",
    name="box",
    cpu_model="CPU",
    architecture="x86_64",
    cores=2,
    threads=2,
    memory_bytes=8 * GIB,
    system="Linux",
)


@pytest.mark.parametrize(
    ("seconds", "last_was_off", "standing"),
    [
        (0.0101, False, CanaryStanding.WELL),
        (0.0114, False, CanaryStanding.WELL),  # far from the others, yet too little to say anything
        (0.0130, False, CanaryStanding.OFF),
        (0.0130, True, CanaryStanding.DRIFTS),
        (0.0070, True, CanaryStanding.DRIFTS),
        (0.0101, True, CanaryStanding.WELL),
    ],
)
def test_a_figure_is_held_against_the_others(seconds: float, last_was_off: bool, standing: CanaryStanding) -> None:
    assert judge_canary(seconds, STEADY, last_was_off=last_was_off).standing is standing


def test_what_a_noisy_machine_often_shows_is_no_drift() -> None:
    noisy = [0.010, 0.013, 0.008, 0.012, 0.009, 0.011]
    assert judge_canary(0.014, noisy, last_was_off=True).standing is CanaryStanding.WELL
    assert judge_canary(0.014, STEADY, last_was_off=True).standing is CanaryStanding.DRIFTS


def test_what_others_did_meanwhile_is_not_held_against_a_machine_nor_learnt() -> None:
    disturbed = judge_canary(0.0130, STEADY, last_was_off=True, disturbed=True)
    assert disturbed.standing is CanaryStanding.DISTURBED
    assert judge_canary(0.0101, STEADY, last_was_off=True, disturbed=True).standing is CanaryStanding.WELL
    assert judge_canary(0.0101, STEADY[:2], last_was_off=False, disturbed=True).standing is CanaryStanding.DISTURBED


def test_one_wild_figure_among_the_others_hides_nothing() -> None:
    assert judge_canary(0.013, [*STEADY, 1.0], last_was_off=True).standing is CanaryStanding.DRIFTS


def test_nothing_is_said_while_there_are_too_few() -> None:
    judged = judge_canary(1.0, STEADY[: LEAST - 1], last_was_off=True)
    assert (judged.standing, judged.usual) == (CanaryStanding.LEARNING, None)
    assert "once there are 5" in judged.words()


def test_a_machine_that_stays_as_it_is_drifts_hardly_ever() -> None:
    """A machine whose canaries spread by 8 % is quarantined in fewer than 1 of 200 canaries."""
    dice = random.Random(3)
    figures = [0.01 * (1 + dice.gauss(0, 0.08)) for _ in range(5000)]
    drifts, last_was_off = 0, False
    for place in range(LEAST, len(figures)):
        judged = judge_canary(figures[place], figures[:place], last_was_off=last_was_off)
        last_was_off = judged.standing in (CanaryStanding.OFF, CanaryStanding.DRIFTS)
        drifts += judged.standing is CanaryStanding.DRIFTS
    assert drifts < 25
    assert EFFECT > 0.08


def test_words_name_the_figures() -> None:
    judged = judge_canary(0.0130, STEADY, last_was_off=True)
    assert judged.words() == "13 ms, 30% more than the 10 ms of 6 earlier ones"


def test_a_tag_leads_to_its_job_and_an_operator_s_own_does_not() -> None:
    tags = [canary_tag(BOX, platform) for platform in ("cpu", "fake")]
    other = canary_tag(BOX.model_copy(update={"host_id": "another"}), "cpu")
    offer = Offer(tags=frozenset([*tags, "cpu", "fake", "canary:mine", "machine:box"]), facts={"cores": 2})
    assert canary_tags(offer) == tuple(sorted(tags))
    assert other not in tags
    assert at_rest(offer) == Offer(tags=frozenset(tags), facts={"cores": 2})
    assert [canary_spec(tag).model.name for tag in tags] == ["bert-tiny", "fake-model"]
    assert not canary_spec(tags[0]).requirement.unmet(at_rest(offer))
