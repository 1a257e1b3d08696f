"""FLOPs of attention, by PyTorch's formula, for every kernel of it.

PyTorch's counter leaves out the kernel of the CPU, and before 2.13 it refuses heads of queries that share one of keys.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import torch
from torch.utils.flop_counter import sdpa_flop_count

KERNELS: Final = (
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu,
    torch.ops.aten._scaled_dot_product_flash_attention,
    torch.ops.aten._scaled_dot_product_efficient_attention,
    torch.ops.aten._scaled_dot_product_cudnn_attention,
)


def attention(query: Sequence[int], key: Sequence[int], value: Sequence[int], *rest: Any, **more: Any) -> int:
    """Count one call by the shapes of queries, keys and values, each (batch, heads, length, width)."""
    del rest, more
    heads = query[1]  # each of them reads its keys and values, whoever shares them
    return int(sdpa_flop_count(query, *((each[0], heads, *each[2:]) for each in (key, value))))


#: A formula by shapes for each kernel, as PyTorch's counter takes them.
ATTENTION: Final[Mapping[Any, Callable[..., int]]] = dict.fromkeys(KERNELS, attention)
