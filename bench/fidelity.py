"""Print the farm's median over a bare hand-written loop's, for minilm and gpt2 on PyTorch and OpenVINO, from one run.

    .venv/bin/python bench/fidelity.py [--rounds 3]

Each figure comes from a fresh process; farm and bare take turns, so that both see the same noise. The bare loops use
the same folder, the same OpenVINO graph, the same inputs and thread count, and nothing of workers/measure.
"""

import argparse
import multiprocessing
import statistics
import time
from pathlib import Path
from typing import Any

from farm.contract.job import Assignment, JobSpec, Measure, ModelReference
from farm.contract.requirement import Requirement
from farm.settings import read_settings
from workers import cell
from workers.engine import LoadRequest
from workers.models import resolve
from workers.platforms.openvino import _exported
from workers.probe import usable_processors

CALLS = 30
NEW_TOKENS = 8
MODELS = {"minilm": ("text_embedding", "FeatureExtraction"), "gpt2": ("text_generation", "CausalLM")}


def assignment(model: str, platform: str) -> Assignment:
    """One cell at fp32."""
    family, _ = MODELS[model]
    spec = JobSpec(
        model=ModelReference(name=model, source="zoo", location=model, family=family),
        platform=platform,
        precision="fp32",
        sequence_length=128,
        new_tokens=NEW_TOKENS if family == "text_generation" else None,
        requirement=Requirement(tags=(platform,)),
        measure=Measure(min_iterations=CALLS, max_iterations=CALLS, min_seconds=0, max_seconds=120),
    )
    return Assignment(spec=spec, cache_dir=str(read_settings().cache_dir), threads=usable_processors(), offline=True)


def farm_median(given: Assignment, out: Any) -> None:
    """Measure as a job does."""
    outcome = cell.measure(given, lambda _: None)
    out.put(statistics.median(next(each.samples for each in outcome.readings if each.metric == "latency")))


def bare_median(given: Assignment, out: Any) -> None:
    """Measure with a loop that anybody would write."""
    call = bare_torch(given) if given.spec.platform == "cpu" else bare_openvino(given)
    for _ in range(6):
        call()
    times = []
    for _ in range(CALLS):
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    out.put(statistics.median(times))


def opened(given: Assignment) -> tuple[Any, dict[str, Any]]:
    """Give the model folder and the inputs of a cell."""
    import importlib

    folder = resolve(given.spec.model, cache_dir=Path(given.cache_dir), model_roots=(), remote_code=(), offline=True)
    family = importlib.import_module(f"workers.families.{given.spec.model.family}").WORKLOADS
    inputs, _ = family.inputs(folder.path, given.spec)
    return folder, dict(inputs)


def bare_torch(given: Assignment) -> Any:
    """A PyTorch loop: forward and mean pooling, or prompt and greedy tokens."""
    import torch
    from transformers import AutoModel, AutoModelForCausalLM

    torch.set_num_threads(given.threads)
    folder, inputs = opened(given)
    placed = {name: torch.from_numpy(array) for name, array in inputs.items()}
    if given.spec.model.name == "minilm":
        model = AutoModel.from_pretrained(folder.path).eval()

        @torch.inference_mode()
        def embed() -> Any:
            hidden = model(**placed).last_hidden_state
            mask = placed["attention_mask"][:, :, None]
            return torch.nn.functional.normalize((hidden * mask).sum(1) / mask.sum(1)).numpy()

        return embed
    model = AutoModelForCausalLM.from_pretrained(folder.path).eval()

    @torch.inference_mode()
    def generate() -> Any:
        found = model(**placed, use_cache=True)
        made = [found.logits[:, -1].argmax(-1)]
        for _ in range(NEW_TOKENS - 1):
            found = model(made[-1][:, None], past_key_values=found.past_key_values, use_cache=True)
            made.append(found.logits[:, -1].argmax(-1))
        return made

    return generate


def bare_openvino(given: Assignment) -> Any:
    """An OpenVINO loop on the same graph."""
    import numpy as np
    import openvino as ov

    folder, inputs = opened(given)
    _, head = MODELS[given.spec.model.name]
    graph, _ = _exported(LoadRequest(folder, head, "fp32", {}, given.threads, Path(given.cache_dir)))
    hints = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": given.threads}
    request = ov.Core().compile_model(graph / "openvino_model.xml", "CPU", hints).create_infer_request()
    if given.spec.model.name == "minilm":

        def embed() -> Any:
            hidden = request.infer(inputs, share_inputs=True)[0]
            mask = inputs["attention_mask"][:, :, None]
            pooled = (hidden * mask).sum(1) / mask.sum(1)
            return pooled / np.linalg.norm(pooled, axis=1, keepdims=True)

        return embed
    ids, mask = inputs["input_ids"], inputs["attention_mask"]

    def generate() -> Any:
        request.reset_state()
        token, seen, made = ids, 0, []
        for step in range(NEW_TOKENS):
            length = token.shape[1]
            given_now = {
                "input_ids": token,
                "attention_mask": np.ones((1, mask.shape[1] + step), dtype=np.int64),
                "position_ids": np.arange(seen, seen + length, dtype=np.int64)[None],
                "beam_idx": np.zeros(1, dtype=np.int32),
            }
            seen += length
            token = request.infer(given_now, share_inputs=True)[0][:, -1].argmax(-1)[:, None]
            made.append(token)
        return made

    return generate


def in_fresh_process(work: Any, given: Assignment) -> float:
    """Run one measurement in a new interpreter."""
    context = multiprocessing.get_context("spawn")
    out = context.SimpleQueue()
    process = context.Process(target=work, args=(given, out))
    process.start()
    found: float = out.get()
    process.join()
    return found


def main() -> None:
    """Print one line per model and platform."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    print("model    platform  farm ms  bare ms  farm/bare (each round)")
    for model in MODELS:
        for platform in ("cpu", "openvino"):
            given = assignment(model, platform)
            cell.prepare(given, lambda _: None)
            pairs = [
                (in_fresh_process(farm_median, given), in_fresh_process(bare_median, given)) for _ in range(rounds)
            ]
            farm, bare = (statistics.median(each) for each in zip(*pairs, strict=True))
            ratios = " ".join(f"{ours / theirs:.3f}" for ours, theirs in pairs)
            print(f"{model:8} {platform:9} {farm * 1e3:7.2f} {bare * 1e3:8.2f}  {farm / bare:.3f} ({ratios})")


if __name__ == "__main__":
    main()
