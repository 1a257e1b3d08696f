"""What the command line asks of this box: its platforms, its models, its cache."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Farm


def test_every_platform_is_told_with_the_reason_where_it_cannot_run(farm: Farm) -> None:
    rows = {row["platform"]: row for row in json.loads(farm("platforms", "-f", "json").out)}
    assert set(rows) == {"cpu", "cuda", "fake", "openvino"}
    assert (rows["fake"]["available"], rows["fake"]["precisions"]) == ("yes", "fp32")
    for row in rows.values():
        assert row["available"] == "yes" or row["reason"]


def test_the_cache_is_listed_and_pruned(farm: Farm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FARM_CACHE_DIR", str(tmp_path / "cache"))
    assert "built in" in farm("models", "build", "fake-model").err
    (row,) = json.loads(farm("models", "cache", "list", "-f", "json").out)
    assert row["key"].startswith("fake-model-")
    assert farm("models", "cache", "prune", "--max-gib", "1").err == "1 folder left, 0.00 GiB\n"
    assert farm("models", "cache", "prune", "--max-gib", "0").err == "0 folders left, 0.00 GiB\n"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("build", "minilmm"), "; did you mean minilm?"),
        (("build",), "name the models to build, or give --all"),
        (("cache", "prune", "--max-gib", "-1"), "--max-gib"),
        (("cache", "prune"), "Missing option '--max-gib'"),
    ],
)
def test_mistakes_about_models_are_told(farm: Farm, words: tuple[str, ...], told: str) -> None:
    assert told in farm("models", *words, check=2).err


def test_a_worker_for_an_unknown_platform_is_a_mistake(farm: Farm, redis_url: str) -> None:
    answer = farm("worker", "--platform", "opnvino", "--broker", redis_url, check=2)
    assert "no platform 'opnvino'; allowed: cpu, cuda, fake, openvino; did you mean openvino?" in answer.err
