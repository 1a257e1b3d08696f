"""Sees every operation that PyTorch carries out in this thread, below whatever calls it."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry, shape_wrapper

from workers.measure.attention import ATTENTION


def _dynamic_linear(inputs: Any, packed: Any, *rest: Any, out_val: Any, **more: Any) -> int:
    del packed, rest, more
    return int(2 * inputs.numel() * out_val.shape[-1])


#: Kernels that PyTorch's counter leaves out or not always counts: attention, and linear layers with weights in int8.
LEFT_OUT: Final[Mapping[Any, Any]] = {
    **{kernel: shape_wrapper(formula) for kernel, formula in ATTENTION.items()},
    torch.ops.quantized.linear_dynamic: _dynamic_linear,
}
QUANTISED: Final = torch.ops.quantized.linear_dynamic
#: PyTorch's own word for operations that are made of others.
MADE_OF_OTHERS: Final = torch._C.DispatchKey.CompositeImplicitAutograd


class Eye(TorchDispatchMode):  # type: ignore[misc]
    """Counts FLOPs by device and type, and the elements of all that was read and not made meanwhile."""

    def __init__(self) -> None:
        """Know PyTorch's formulas and those it lacks."""
        super().__init__()
        self._formulas = {**flop_registry, **LEFT_OUT}
        self._taken_apart: dict[Any, bool] = {}  # asked once for each operation, of which a call makes thousands
        self._on: dict[str, float] = {}
        self._in: dict[str, float] = {}
        self._made: set[int] = set()  # addresses
        self._read: dict[int, float] = {}  # elements by address

    def told(self) -> dict[str, Any]:
        """Give what was seen."""
        return {"flops_on": self._on, "flops_in": self._in, "weights": sum(self._read.values())}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Look at one operation; one that is made of others is taken apart first."""
        del types
        kwargs = kwargs or {}
        packet = func._overloadpacket
        if packet not in self._formulas and self._is_taken_apart(func):
            with self:
                return func.decompose(*args, **kwargs)
        self._reads(args, kwargs)
        made = func(*args, **kwargs)
        self._makes(made)
        if packet in self._formulas:
            self._counts(packet, made, args, kwargs)
        return made

    def _is_taken_apart(self, func: Any) -> bool:
        known = self._taken_apart.get(func)
        if known is None:
            has = torch._C._dispatch_has_kernel_for_dispatch_key
            known = MADE_OF_OTHERS in func.py_kernels or bool(has(func.name(), MADE_OF_OTHERS))
            self._taken_apart[func] = known
        return known

    def _reads(self, *given: Any) -> None:
        for tensor in _tensors(given):
            storage = tensor.untyped_storage()
            address = storage.data_ptr()
            if address not in self._made:
                held = storage.nbytes() / tensor.element_size()
                self._read[address] = max(held, self._read.get(address, 0.0))

    def _makes(self, given: Any) -> None:
        for tensor in _tensors((given,)):
            address = tensor.untyped_storage().data_ptr()
            if address not in self._read:
                self._made.add(address)

    def _counts(self, packet: Any, made: Any, args: Any, kwargs: Any) -> None:
        flops = float(self._formulas[packet](*args, **kwargs, out_val=made))
        factor = next(_tensors((args, kwargs)))
        kind = "qint8" if packet is QUANTISED else str(factor.dtype).removeprefix("torch.")
        self._on[factor.device.type] = self._on.get(factor.device.type, 0.0) + flops
        self._in[kind] = self._in.get(kind, 0.0) + flops


def _tensors(given: Iterable[Any]) -> Iterator[Any]:
    """Give the tensors among arguments, in lists and by name too: a way through them that costs next to nothing."""
    for each in given:
        if isinstance(each, torch.Tensor):
            yield each
        elif isinstance(each, list | tuple):
            yield from _tensors(each)
        elif isinstance(each, dict):
            yield from _tensors(each.values())
