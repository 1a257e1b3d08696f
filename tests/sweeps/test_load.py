"""A sweep file loads into a plan, or tells all its mistakes at once."""

import json
from pathlib import Path

import pytest

from farm.contract.errors import SweepMistakes
from farm.contract.job import Measure, ModelReference
from farm.sweeps.catalogue import Catalogue
from farm.sweeps.load import load_sweep
from farm.sweeps.plan import Override, Require, SweepPlan
from tests.sweeps.files import START, Found, Load


def model_folder(root: Path, name: str, config: object) -> Path:
    folder = root / name
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def test_the_smallest_sweep_takes_the_defaults(load: Load) -> None:
    plan = load(START)
    assert plan.name == "small"
    assert [model.name for model in plan.models] == ["bert-tiny", "gpt2"]
    assert (plan.precision, plan.batch_size, plan.scenario) == (("fp32",), (1,), ("latency",))
    assert (plan.priority, plan.timeout, plan.seed, plan.max_attempts) == (5, 900.0, 0, None)
    assert plan.measure == Measure()


def test_a_single_value_counts_as_a_list_of_one(load: Load) -> None:
    plan = load("{name: one, models: gpt2, platforms: cpu, precision: fast, batch_size: 8, exclude: []}")
    assert (plan.platforms, plan.precision, plan.batch_size) == (("cpu",), ("fast",), (8,))


def test_everything_a_sweep_can_say_arrives_in_the_plan(load: Load) -> None:
    plan = load(
        START
        + """
precision: [fp32, fast]
batch_size: [1, 8]
sequence_length: 64
new_tokens: 8
scenario: [latency, throughput]
options: {openvino: {num_streams: [1, 2]}, cpu: {compile: true}}
exclude: [{platform: cpu, precision: fast}]
overrides: [{where: {model: gpt2, batch_size: [1]}, measure: {max_seconds: 60}, timeout: 60, require: {cores: 2}}]
require: {memory_gib: 4, tags: [amx], machine: box}
measure: {min_iterations: 30, rel_precision: 0.1}
timeout: 90.5
priority: 9
labels: {commit: 0123456, purpose: nightly, day: 2024-01-31}
seed: 7
rerun_doubtful: true
max_attempts: 2
max_running: 3
"""
    )
    assert plan.options == {"openvino": {"num_streams": (1, 2)}, "cpu": {"compile": (True,)}}
    assert plan.exclude == ({"platform": ("cpu",), "precision": ("fast",)},)
    assert plan.overrides == (
        Override(
            where={"model": ("gpt2",), "batch_size": (1,)},
            measure={"max_seconds": 60},
            timeout=60.0,
            require=Require(minimum={"cores": 2.0}),
        ),
    )
    assert plan.require == Require(tags=("amx",), minimum={"memory_gib": 4.0}, machine="box")
    assert plan.measure == Measure(min_iterations=30, rel_precision=0.1)
    assert plan.labels == {"commit": "0123456", "purpose": "nightly", "day": "2024-01-31"}
    assert (plan.timeout, plan.priority, plan.seed, plan.max_attempts, plan.max_running) == (90.5, 9, 7, 2, 3)
    assert plan.rerun_doubtful


def test_a_plan_survives_the_trip_through_json(load: Load) -> None:
    plan = load(START + "options: {cpu: {compile: [true, false]}}\nexclude: [{model: gpt2, platform: cpu}]\n")
    assert SweepPlan.model_validate(json.loads(json.dumps(plan.as_json()))) == plan


def test_models_are_named_in_every_way(load: Load, tmp_path: Path) -> None:
    folder = model_folder(tmp_path, "mine", {"architectures": ["MyForCausalLM"]})
    plan = load(
        """
        name: models
        platforms: cpu
        models:
          - gpt2
          - {id: org/chat, family: text_generation, revision: abc, name: chat}
          - prajjwal1/bert-tiny
          - ./mine
          - {path: mine, family: text_embedding, name: as-embedding}
        """
    )
    assert plan.models == (
        ModelReference(name="gpt2", source="zoo", location="gpt2", family="text_generation"),
        ModelReference(name="chat", source="hub", location="org/chat", family="text_generation", revision="abc"),
        ModelReference(
            name="prajjwal1/bert-tiny", source="hub", location="prajjwal1/bert-tiny", family="text_embedding"
        ),
        ModelReference(name="mine", source="folder", location=str(folder), family="text_generation"),
        ModelReference(name="as-embedding", source="folder", location=str(folder), family="text_embedding"),
    )


def test_every_mistake_of_a_file_is_told_at_once_in_the_order_of_the_file(mistakes: Found) -> None:
    assert mistakes(
        """
        name: wrong
        models: [brt-tiny, gpt2]
        platform: cpu
        platforms: [cpu, openvno]
        precision: [bf61]
        batch_size: [-1, 2]
        scenario: latncy
        timeout: 0
        priority: 10
        new_tokens: []
        """
    ) == [
        "sweep.yaml:2: models[0]: 'brt-tiny' is no model of the zoo; allowed: bert-tiny, gpt2, painter, sleeper; "
        "did you mean bert-tiny?; or a hub id org/name, or a folder ./name",
        "sweep.yaml:3: platform: there is no field 'platform' here; allowed: name, models, platforms, precision, "
        "scenario, throughput, server, batch_size, sequence_length, new_tokens, options, exclude, overrides, "
        "require, measure, timeout, "
        "priority, labels, seed, rerun_doubtful, max_attempts, max_running; did you mean platforms?",
        "sweep.yaml:4: platforms[1]: 'openvno' is no platform; allowed: cpu, fake, openvino; did you mean openvino?",
        "sweep.yaml:5: precision[0]: 'bf61' is no precision; allowed: fp32, bf16, int8, fast; did you mean bf16?",
        "sweep.yaml:6: batch_size[0]: found -1; a whole number of 1 or more is needed",
        "sweep.yaml:7: scenario: 'latncy' is no scenario; allowed: latency, throughput, server; did you mean latency?",
        "sweep.yaml:8: timeout: found 0; a number above 0 is needed",
        "sweep.yaml:9: priority: found 10; a whole number from 0 to 9 is needed",
        "sweep.yaml:10: new_tokens: the list is empty; at least one value is needed",
    ]


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("batch_size: two", "sweep.yaml:4: batch_size: found 'two'; a whole number of 1 or more is needed"),
        ("batch_size: true", "sweep.yaml:4: batch_size: found true; a whole number of 1 or more is needed"),
        ("batch_size: {a: 1}", "sweep.yaml:4: batch_size: found a mapping; a whole number of 1 or more is needed"),
        ("rerun_doubtful: yes", "sweep.yaml:4: rerun_doubtful: found 'yes'; true or false is needed"),
        ("timeout: .inf", "sweep.yaml:4: timeout: found .inf; a number above 0 is needed"),
        ("timeout:", "sweep.yaml:4: timeout: found nothing; a number above 0 is needed"),
        ("name: other", "sweep.yaml:4: name: it was given before, in line 1; each key stands once"),
        (
            "precision: [[fp32]]",
            "sweep.yaml:4: precision[0]: found a list, where a precision is needed; allowed: fp32, bf16, int8, fast",
        ),
        ("measure: 3", "sweep.yaml:4: measure: found 3; a mapping is needed, such as {key: value}"),
        (
            "measure: {max_second: 3}",
            "sweep.yaml:4: measure: there is no field 'max_second' here; allowed: "
            "min_iterations, max_iterations, min_seconds, max_seconds, warmup_seconds, rel_precision, repeats; "
            "did you mean max_seconds?",
        ),
        ("measure: {repeats: 0}", "sweep.yaml:4: measure.repeats: found 0; it must be greater than or equal to 1"),
        ("measure: {repeats: '2'}", "sweep.yaml:4: measure.repeats: found '2'; it must be a valid integer"),
        ("measure: {min_seconds: 9, max_seconds: 3}", "sweep.yaml:4: measure: min_seconds 9 is above max_seconds 3"),
        (
            "options: {cpu: {compil: true}}",
            "sweep.yaml:4: options.cpu: there is no field 'compil' here; "
            "allowed: compile, attention; did you mean compile?",
        ),
        (
            "options: {cpu: {compile: [yes]}}",
            "sweep.yaml:4: options.cpu.compile[0]: found 'yes'; true or false is needed (default False)",
        ),
        (
            "options: {fake: {fault: raise}}",
            "sweep.yaml:4: options.fake: 'fake' is no platform of this sweep; allowed: cpu, openvino",
        ),
        (
            "require: {memory_gb: 4}",
            "sweep.yaml:4: require: there is no field 'memory_gb' here; allowed: tags, machine, "
            "memory_gib, cores, threads, gpus, gpu_memory_gib; did you mean memory_gib?",
        ),
        ("require: {cores: lots}", "sweep.yaml:4: require.cores: found 'lots'; a number above 0 is needed"),
        (
            "labels: {commit: [a]}",
            "sweep.yaml:4: labels.commit: found a list; the value of a label is a word or a number",
        ),
        (
            "exclude: [{platfrm: cpu}]",
            "sweep.yaml:4: exclude[0]: there is no field 'platfrm' here; allowed: model, "
            "family, platform, precision, scenario, batch_size, sequence_length, new_tokens, compile, attention, "
            "latency, fault, num_streams; did you mean platform?",
        ),
        (
            "exclude: [{model: gpt3}]",
            "sweep.yaml:4: exclude[0].model: 'gpt3' is no model of this sweep; "
            "allowed: bert-tiny, gpt2; did you mean gpt2?",
        ),
        (
            "exclude: [{}]",
            "sweep.yaml:4: exclude[0]: it names no axis; allowed: model, family, platform, precision, "
            "scenario, batch_size, sequence_length, new_tokens",
        ),
        (
            "exclude: {platform: cpu, num_streams: 0}",
            "sweep.yaml:4: exclude: no cell of the sweep matches it, so it would do nothing",
        ),
        ("exclude: {platform: [cpu, openvino]}", "sweep.yaml:4: exclude: every cell of the sweep is excluded"),
        (
            "overrides: {timeout: 3}",
            "sweep.yaml:4: overrides: it needs a where, such as {where: {model: gpt2}, timeout: 60}",
        ),
        (
            "overrides: {where: {model: gpt2}}",
            "sweep.yaml:4: overrides: it changes nothing; allowed beside where: "
            "batch_size, sequence_length, new_tokens, options, require, measure, timeout, seed",
        ),
        (
            "overrides: {where: {model: bert-tiny}, new_tokens: 4}",
            "sweep.yaml:4: overrides.new_tokens: new_tokens has no meaning for text_embedding",
        ),
        (
            "overrides: {where: {compile: true}, timeout: 4}",
            "sweep.yaml:4: overrides: no cell of the sweep matches it, so it would do nothing",
        ),
        (
            "overrides: {where: {model: gpt2}, measure: {max_seconds: 0.5}}",
            "sweep.yaml:4: overrides.measure: min_seconds 1 is above max_seconds 0.5",
        ),
        (
            "overrides: {where: {model: gpt2}, options: {cpu: {compile: [true, false]}}}",
            "sweep.yaml:4: overrides.options.cpu.compile: found a list; an override sets one value",
        ),
        (
            "overrides: [{where: {model: gpt2}, measure: {max_seconds: 2}}, "
            "{where: {platform: cpu}, measure: {min_seconds: 3}}]",
            "sweep.yaml:4: overrides: put together they do not fit: min_seconds 3 is above max_seconds 2",
        ),
    ],
)
def test_a_mistake_says_where_what_was_found_and_what_is_allowed(mistakes: Found, lines: str, told: str) -> None:
    assert mistakes(START + lines + "\n") == [told]


def test_a_sweep_without_its_needed_fields_says_which(mistakes: Found) -> None:
    assert mistakes("precision: fp32") == [
        f"sweep.yaml:1: {name}: it is missing; a sweep needs at least name, models and platforms"
        for name in ("name", "models", "platforms")
    ]


def test_one_wrong_field_of_measure_does_not_hide_the_others(mistakes: Found) -> None:
    assert mistakes(START + "measure:\n  min_seconds: x\n  max_iterations: 3\n  repeats: 0\n") == [
        "sweep.yaml:4: measure: min_iterations 20 is above max_iterations 3",
        "sweep.yaml:5: measure.min_seconds: found 'x'; it must be a valid number",
        "sweep.yaml:7: measure.repeats: found 0; it must be greater than or equal to 1",
    ]


def test_floors_above_their_ceilings_are_told_together(mistakes: Found) -> None:
    (told,) = mistakes(START + "measure: {max_iterations: 3, min_seconds: 5, max_seconds: 2}\n")
    assert told == (
        "sweep.yaml:4: measure: min_iterations 20 is above max_iterations 3; min_seconds 5 is above max_seconds 2"
    )


def test_a_hub_id_needs_its_family(mistakes: Found) -> None:
    assert mistakes("{name: n, platforms: cpu, models: org/chat}") == [
        "sweep.yaml:1: models: org/chat is a hub id, and its family must be said: {id: org/chat, family: FAMILY}; "
        "families: fake, text_embedding, text_generation"
    ]


def test_a_folder_must_be_a_model_whose_family_is_known(mistakes: Found, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    broken = model_folder(tmp_path, "broken", {})
    (broken / "config.json").write_text("{")
    model_folder(tmp_path, "unknown", {"architectures": ["Unheard"]})
    told = mistakes("{name: n, platforms: cpu, models: [./nowhere, ./empty, ./file, ./broken, ./unknown, unknown]}")
    assert [text.partition(": ")[2].replace(f"{tmp_path}/", "") for text in told] == [
        "models[0]: ./nowhere: the folder nowhere does not exist",
        "models[1]: ./empty: the folder empty has no config.json; a model folder is what save_pretrained writes",
        "models[2]: ./file: file is a file; a model is a folder with a config.json",
        "models[3]: ./broken: broken/config.json is no valid JSON: Expecting property name enclosed in double quotes: "
        "line 1 column 2 (char 1)",
        "models[4]: no family can be inferred: config.json names architectures Unheard; say it: "
        "{path: unknown, family: FAMILY}; families: fake, text_embedding, text_generation",
        "models[5]: 'unknown' is no model of the zoo; for the folder of that name write ./unknown",
    ]


@pytest.mark.parametrize(
    ("item", "told"),
    [
        ("{family: fake}", "a model needs a name of the zoo, an id (hub) or a path (folder)"),
        ("{id: org/a, path: ./b, family: fake}", "both id and path were given; a model is one or the other"),
        ("{path: ./b, revision: c}", "revision belongs to a hub id; give `id: org/name` too"),
        ("{name: gpt2, family: fake}", "the family of gpt2 is known; leave `family` out, or give an id or a path"),
    ],
)
def test_a_model_mapping_that_contradicts_itself_is_refused(mistakes: Found, item: str, told: str) -> None:
    assert mistakes(f"{{name: n, platforms: cpu, models: [{item}]}}") == [f"sweep.yaml:1: models[0]: {told}"]


def test_two_models_may_not_have_one_name(mistakes: Found, tmp_path: Path) -> None:
    model_folder(tmp_path, "gpt2", {"architectures": ["GPT2LMHeadModel"]})
    assert mistakes("{name: n, platforms: cpu, models: [gpt2, ./gpt2]}") == [
        "sweep.yaml:1: models: 2 different models are called gpt2; give one a name: {path: ..., name: other}"
    ]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "sweep.yaml:1: the file is empty; a sweep is a mapping with at least name, models and platforms"),
        ("- a", "sweep.yaml:1: found a list; a sweep is a mapping with at least name, models and platforms"),
        (
            "name: n\nmodels: [gpt2\n",
            "sweep.yaml:3: this is no valid YAML: expected ',' or ']', but got '<stream end>'",
        ),
        (
            "name: n\n\tmodels: a\n",
            "sweep.yaml:2: this is no valid YAML: found character '\\t' that cannot start any token",
        ),
        ("name: *nobody", "sweep.yaml:1: this is no valid YAML: found undefined alias 'nobody'"),
    ],
)
def test_what_is_no_sweep_at_all_is_told_with_its_line(mistakes: Found, content: str, told: str) -> None:
    assert mistakes(content) == [told]


def test_a_missing_file_and_a_folder_are_told(catalogue: Catalogue, tmp_path: Path) -> None:
    with pytest.raises(SweepMistakes, match=r"nowhere\.yaml:1: the file does not exist"):
        load_sweep(tmp_path / "nowhere.yaml", catalogue)
    with pytest.raises(SweepMistakes, match=":1: the file cannot be read: "):
        load_sweep(tmp_path, catalogue)


def test_anchors_and_merged_keys_work_and_a_loop_is_no_danger(load: Load, mistakes: Found) -> None:
    plan = load(
        """
        name: anchors
        models: &both [bert-tiny, gpt2]
        platforms: cpu
        overrides:
          - &long {where: {model: *both}, timeout: 60}
          - {<<: *long, timeout: 90}
        """
    )
    assert [override.timeout for override in plan.overrides] == [60.0, 90.0]
    assert plan.overrides[1].where == {"model": ("bert-tiny", "gpt2")}
    assert mistakes("{name: n, platforms: cpu, models: &loop [*loop]}") == [
        "sweep.yaml:1: models[0]: found a list; a text of 1 to 200 printable characters is needed"
    ]


def test_a_tag_in_the_file_runs_nothing(load: Load) -> None:
    assert (
        load("{name: !!python/object/apply:os.getcwd [], models: gpt2, platforms: cpu}".replace("[]", "x")).name == "x"
    )
