"""gpt2 by hand: a prompt of 128 tokens, then eight greedy tokens; of the prompt only the last token's logits."""

from typing import Any

import numpy as np
from bare import Asked, compiled, run

LENGTH, NEW_TOKENS = 128, 8
IDS = np.random.default_rng(0).integers(1000, 30000, (1, LENGTH))


def by_torch(given: Asked) -> Any:
    """Give one call with transformers."""
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(given.folder).eval()
    prompt = torch.from_numpy(IDS)

    @torch.inference_mode()
    def generate() -> Any:
        found = model(prompt, use_cache=True, logits_to_keep=1)
        made = [found.logits[:, -1].argmax(-1)]
        for _ in range(NEW_TOKENS - 1):
            found = model(made[-1][:, None], past_key_values=found.past_key_values, use_cache=True)
            made.append(found.logits[:, -1].argmax(-1))
        return made

    return generate


def by_openvino(given: Asked) -> Any:
    """Give one call with OpenVINO's own API."""
    import openvino as ov
    from openvino import opset13

    graph = ov.Core().read_model(given.graphs / "openvino_model.xml")
    product = graph.output("logits").get_node().input_value(0).get_node()
    last = opset13.slice(product.input_value(0), [-1], [2**31 - 1], [1], [1])
    product.input(0).replace_source_output(last.output(0))
    graph.validate_nodes_and_infer_types()
    request = compiled(graph, given.threads)

    def generate() -> Any:
        request.reset_state()
        token, seen, made = IDS, 0, []
        for step in range(NEW_TOKENS):
            length = token.shape[1]
            inputs = {
                "input_ids": token,
                "attention_mask": np.ones((1, LENGTH + step), dtype=np.int64),
                "position_ids": np.arange(seen, seen + length, dtype=np.int64)[None],
                "beam_idx": np.zeros(1, dtype=np.int32),
            }
            seen += length
            token = request.infer(inputs, share_inputs=True)[0][:, -1].argmax(-1)[:, None]
            made.append(token)
        return made

    return generate


if __name__ == "__main__":
    run(by_torch, by_openvino)
