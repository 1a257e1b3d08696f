"""Print the farm's median over a bare hand-written script's, model by model on PyTorch and OpenVINO, from one run.

    .venv/bin/python bench/fidelity.py [--rounds 5] [--models minilm gpt2]

Each figure comes from a fresh process; farm and script take turns, so that both see the same noise. The farm measures
as a job does (workers/cell.py); the scripts (bench/bare_*.py) hold no code of the farm. Both get the same folder, the
same OpenVINO graphs, the same shapes of input and as many threads. A ratio below 1 means that the farm's figure is the
lower one. The script runs twice: with the C library's allocator held as the farm holds it in its children (decision
0009) and so under the same conditions, which gives the figure of fidelity; and as a fresh process comes.
"""

import argparse
import multiprocessing
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from farm.contract.job import Assignment, JobSpec, Measure, ModelReference
from farm.contract.requirement import Requirement
from farm.settings import read_settings
from workers import allocator, cell
from workers.opening import open_cell
from workers.platforms._openvino_export import exported
from workers.probe import usable_processors

HERE = Path(__file__).parent
CALLS = 30
NEW_TOKENS = 8
#: What glibc reads as a process begins, for the thresholds that the farm's children set themselves (mallopt(3)).
HELD = {
    "MALLOC_MMAP_THRESHOLD_": str(allocator.MMAP_THRESHOLD[1]),
    "MALLOC_TRIM_THRESHOLD_": str(allocator.TRIM_THRESHOLD[1]),
}
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


def by_script(given: Assignment, environment: Mapping[str, str]) -> float:
    """Run the plain script in a new interpreter."""
    opened = open_cell(given)
    _, script = MODELS[given.spec.model.name]
    command = [sys.executable, str(HERE / script), given.spec.platform, str(opened.folder.path)]
    if given.spec.platform == "openvino":
        command += ["--graphs", str(exported(opened.request())[0])]
    command += ["--calls", str(CALLS), "--threads", str(given.threads)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env={**os.environ, **environment})
    return float(done.stdout.split()[-1])


class Round(NamedTuple):
    """Seconds of one round: the farm's, the script's under the same conditions, and as it comes."""

    farm: float
    held: float
    plain: float


def ratios(rounds: Sequence[Round], script: Callable[[Round], float]) -> str:
    """Show the median of the rounds' ratios, and each of them."""
    found = [each.farm / script(each) for each in rounds]
    return f"{statistics.median(found):.3f} ({' '.join(f'{ratio:.3f}' for ratio in found)})"


def main() -> None:
    """Print one line per model and platform."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--models", nargs="*", default=list(MODELS), choices=MODELS)
    asked = parser.parse_args()
    print("model         platform  farm ms   bare ms  as it comes ms  farm/bare (median; each round)  farm/as it comes")
    for model in asked.models:
        for platform in ("cpu", "openvino"):
            given = assignment(model, platform)
            cell.prepare(given, lambda _: None)
            found = [
                Round(in_fresh_process(given), by_script(given, HELD), by_script(given, {}))
                for _ in range(asked.rounds)
            ]
            farm, held, plain = (statistics.median(each) * 1e3 for each in zip(*found, strict=True))
            print(
                f"{model:13} {platform:9} {farm:7.2f}  {held:8.2f}  {plain:14.2f}  "
                f"{ratios(found, lambda each: each.held)}  {ratios(found, lambda each: each.plain)}",
                flush=True,
            )


if __name__ == "__main__":
    main()
