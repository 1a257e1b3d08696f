"""whisper-tiny by hand: features of 30 s of audio, then eight greedy tokens after the language and task tokens."""

from typing import Any

import numpy as np
from bare import Asked, compiled, run

NEW_TOKENS = 8
FEATURES = np.random.default_rng(0).standard_normal((1, 80, 3000)).astype(np.float32)
PROMPT = np.asarray([[50258, 50259, 50359, 50363]])


def by_torch(given: Asked) -> Any:
    """Give one call with transformers."""
    import torch
    from transformers import AutoModelForSpeechSeq2Seq

    model = AutoModelForSpeechSeq2Seq.from_pretrained(given.folder).eval()
    features, prompt = torch.from_numpy(FEATURES), torch.from_numpy(PROMPT)

    @torch.inference_mode()
    def transcribe() -> Any:
        heard = model.get_encoder()(features)
        found = model(encoder_outputs=heard, decoder_input_ids=prompt, use_cache=True)
        made = [found.logits[:, -1].argmax(-1)]
        for _ in range(NEW_TOKENS - 1):
            found = model(
                encoder_outputs=heard,
                decoder_input_ids=made[-1][:, None],
                past_key_values=found.past_key_values,
                use_cache=True,
            )
            made.append(found.logits[:, -1].argmax(-1))
        return made

    return transcribe


def by_openvino(given: Asked) -> Any:
    """Give one call with OpenVINO's own API."""
    encoder = compiled(given.graphs / "openvino_encoder_model.xml", given.threads)
    decoder = compiled(given.graphs / "openvino_decoder_model.xml", given.threads)
    names = {name for port in decoder.model_inputs for name in port.get_names()}

    def transcribe() -> Any:
        encoder.infer({"input_features": FEATURES}, share_inputs=True)
        decoder.reset_state()
        token, seen, made = PROMPT, 0, []
        for _ in range(NEW_TOKENS):
            length = token.shape[1]
            inputs = {
                "input_ids": token,
                "encoder_hidden_states": encoder.get_output_tensor(0),
                "cache_position": np.arange(seen, seen + length, dtype=np.int64),
                "beam_idx": np.zeros(1, dtype=np.int32),
                "decoder_attention_mask": np.ones((1, seen + length), dtype=np.int64),
            }
            seen += length
            given_now = {name: value for name, value in inputs.items() if name in names}
            token = decoder.infer(given_now, share_inputs=True)[0][:, -1].argmax(-1)[:, None]
            made.append(token)
        return made

    return transcribe


if __name__ == "__main__":
    run(by_torch, by_openvino)
