"""Print the farm's median over a bare hand-written script's, model by model on PyTorch and OpenVINO, from one run.

    .venv/bin/python bench/fidelity.py [--rounds 5] [--models minilm gpt2]

Each figure comes from a fresh process; farm and script take turns, so that both see the same noise. The farm measures
as a job does (workers/cell.py); the scripts (bench/bare_*.py) hold no code of the farm. Both get the same folder, the
same OpenVINO graphs and the same shapes of input. A ratio below 1 means that the farm's figure is the lower one.
"""

import argparse
import multiprocessing
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from farm.contract.job import Assignment, JobSpec, Measure, ModelReference
from farm.contract.requirement import Requirement
from farm.settings import read_settings
from workers import cell
from workers.opening import open_cell
from workers.platforms._openvino_export import exported
from workers.probe import usable_processors

HERE = Path(__file__).parent
CALLS = 30
NEW_TOKENS = 8
#: The family of each model and the script that stands beside it.
MODELS = {
    "bert-tiny": ("text_embedding", "bare_embedding.py"),
    "minilm": ("text_embedding", "bare_embedding.py"),
    "gpt2": ("text_generation", "bare_gpt2.py"),
    "whisper-tiny": ("speech_to_text", "bare_whisper.py"),
    "clip": ("image_text", "bare_clip.py"),
}


def assignment(model: str, platform: str) -> Assignment:
    """One cell at fp32."""
    family, _ = MODELS[model]
    spec = JobSpec(
        model=ModelReference(name=model, source="zoo", location=model, family=family),
        platform=platform,
        precision="fp32",
        sequence_length=128 if family.startswith("text") else None,
        new_tokens=NEW_TOKENS if family in ("text_generation", "speech_to_text") else None,
        requirement=Requirement(tags=(platform,)),
        measure=Measure(min_iterations=CALLS, max_iterations=CALLS, min_seconds=0, max_seconds=120),
    )
    return Assignment(spec=spec, cache_dir=str(read_settings().cache_dir), threads=usable_processors(), offline=True)


def by_farm(given: Assignment, out: Any) -> None:
    """Measure as a job does."""
    outcome = cell.measure(given, lambda _: None)
    out.put(statistics.median(next(each.samples for each in outcome.readings if each.metric == "latency")))


def in_fresh_process(given: Assignment) -> float:
    """Run the farm's measurement in a new interpreter."""
    context = multiprocessing.get_context("spawn")
    out = context.SimpleQueue()
    process = context.Process(target=by_farm, args=(given, out))
    process.start()
    found: float = out.get()
    process.join()
    return found


def by_script(given: Assignment) -> float:
    """Run the plain script in a new interpreter."""
    opened = open_cell(given)
    _, script = MODELS[given.spec.model.name]
    command = [sys.executable, str(HERE / script), given.spec.platform, str(opened.folder.path)]
    if given.spec.platform == "openvino":
        command += ["--graphs", str(exported(opened.request())[0])]
    done = subprocess.run([*command, "--calls", str(CALLS)], check=True, capture_output=True, text=True)
    return float(done.stdout.split()[-1])


def main() -> None:
    """Print one line per model and platform."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--models", nargs="*", default=list(MODELS), choices=MODELS)
    asked = parser.parse_args()
    print("model         platform  farm ms  bare ms  farm/bare (median of the rounds' ratios; each round)")
    for model in asked.models:
        for platform in ("cpu", "openvino"):
            given = assignment(model, platform)
            cell.prepare(given, lambda _: None)
            pairs = [(in_fresh_process(given), by_script(given)) for _ in range(asked.rounds)]
            farm, bare = (statistics.median(each) for each in zip(*pairs, strict=True))
            ratios = [ours / theirs for ours, theirs in pairs]
            shown = " ".join(f"{ratio:.3f}" for ratio in ratios)
            print(
                f"{model:13} {platform:9} {farm * 1e3:7.2f} {bare * 1e3:8.2f}  "
                f"{statistics.median(ratios):.3f} ({shown})",
                flush=True,
            )


if __name__ == "__main__":
    main()
