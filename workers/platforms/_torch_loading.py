"""Loads a model into PyTorch: whole, from safetensors, in the asked precision, with its errors as the farm's own."""

from typing import Any, Final

import torch
import transformers

from farm.contract.errors import JobFailure, ModelInvalid, OutOfMemory, Unsupported
from workers.engine import LoadRequest
from workers.heads import PLAIN

DTYPES: Final = {
    "fp32": torch.float32,
    "tf32": torch.float32,
    "fp16": torch.float16,
    "bf16": torch.bfloat16,
    "int8": torch.float32,  # activations and all but the linear layers' weights
}
#: Heads that AutoModel itself serves.
BARE: Final = ("FeatureExtraction", PLAIN)
AUTO: Final = "auto"  # the attention that transformers chooses: SDPA where the model has it
#: Weights that no family reads; transformers makes new ones where a folder lacks them.
UNREAD: Final = ("pooler.",)
#: Least share of a model's weights in matrices that must lie in linear layers for dynamic quantisation to mean int8.
LEAST_LINEAR: Final = 0.9

#: Foreign errors, by a word in their text, as the farm's own.
TRANSLATED: Final[tuple[tuple[str, type[JobFailure]], ...]] = (
    ("out of memory", OutOfMemory),
    ("can't allocate memory", OutOfMemory),
    ("not enough memory", OutOfMemory),
    ("not implemented for", Unsupported),
)


def load_model(request: LoadRequest, device: str) -> Any:
    """Load a model in the asked precision.

    Raises: ModelInvalid, OutOfMemory, Unsupported.
    """
    head = "AutoModel" if request.head in BARE else f"AutoModelFor{request.head}"
    loader = getattr(transformers, head, None)
    if loader is None:
        raise Unsupported(f"transformers {transformers.__version__} has no {head}")
    attention = str(request.options.get("attention", AUTO))
    chosen = {} if attention == AUTO else {"attn_implementation": attention}
    try:
        model, told = loader.from_pretrained(
            str(request.folder.path),
            dtype=DTYPES[request.precision],
            local_files_only=True,
            use_safetensors=True,
            output_loading_info=True,
            **chosen,
        )
        _check_whole(request, told["missing_keys"])
        model = model.eval().to(device)
    except (RuntimeError, torch.OutOfMemoryError) as error:
        raise translated(error) from error
    except (OSError, ValueError, KeyError, ImportError) as error:
        if "attention" in str(error).lower() and chosen:
            raise Unsupported(f"{request.folder.path.name} has no attention {attention}: {error}") from error
        raise ModelInvalid(f"transformers cannot load {request.folder.path.name}: {error}") from error
    return quantised(model) if request.precision == "int8" else model


def translated(error: Exception) -> Exception:
    """Give the farm's error for one of PyTorch's; an unknown one comes back as it is."""
    for word, failure in TRANSLATED:
        if word in str(error):
            return failure(str(error).splitlines()[0])
    return error


def quantised(model: Any) -> Any:
    """Turn the linear layers' weights into int8; their inputs are quantised at each call.

    Raises: Unsupported where most of the model's weights are elsewhere, since the result would be int8 by name only.
    """
    linear = sum(module.weight.numel() for module in model.modules() if isinstance(module, torch.nn.Linear))
    embedded = sum(module.weight.numel() for module in model.modules() if isinstance(module, torch.nn.Embedding))
    matrices = sum(weight.numel() for weight in model.parameters() if weight.dim() > 1) - embedded
    counted = matrices + (model.get_output_embeddings().weight.numel() if tied(model) else 0)
    if linear < LEAST_LINEAR * counted:
        share = linear / counted if counted else 0.0
        raise Unsupported(f"only {share:.0%} of this model's matrices are in linear layers, all that PyTorch quantises")
    return torch.ao.quantization.quantize_dynamic(model, {torch.nn.Linear}, dtype=torch.qint8)


def tied(model: Any) -> bool:
    """Say whether the output layer has the weights of the embedding, and so none of its own."""
    return bool(getattr(model.config, "tie_word_embeddings", False)) and model.get_output_embeddings() is not None


def _check_whole(request: LoadRequest, missing: Any) -> None:
    """Refuse a folder that lacks weights: transformers would fill them with random ones and only warn."""
    lacking = sorted(name for name in missing if not any(word in name for word in UNREAD))
    if lacking:
        raise ModelInvalid(
            f"{request.folder.path.name} lacks {len(lacking)} of the weights that {request.head} needs, "
            f"such as {', '.join(lacking[:3])}; give the family whose head the folder was saved with"
        )
