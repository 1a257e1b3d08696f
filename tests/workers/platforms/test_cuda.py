"""The CUDA platform: all that can be shown without a device, and the real thing where there is one."""

from collections.abc import Iterator

import pytest
import torch

from farm.contract.errors import ModelInvalid, OutOfMemory, Unsupported
from farm.sweeps.catalogue import read_catalogue
from tests.workers.platforms.cells import Cells
from workers.platforms import cuda
from workers.platforms._torch import TorchEngine
from workers.platforms._torch_loading import load_model, translated

pytestmark = pytest.mark.models


@pytest.fixture
def switches() -> Iterator[None]:
    before = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
    yield
    torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = before


def test_the_facts_say_what_a_gpu_needs() -> None:
    entry = read_catalogue().platforms["cuda"]
    assert (entry.start, entry.device, entry.tags) == ("fresh", "gpu", ("cuda",))
    assert entry.precisions == ("fp32", "tf32", "fp16", "bf16")
    assert entry.options.keys() == read_catalogue().platforms["cpu"].options.keys()


def test_the_status_here_is_what_torch_says() -> None:
    status = cuda.PLATFORM.status()
    assert status.available == torch.cuda.is_available()
    if not status.available:
        built = torch.backends.cuda.is_built()
        assert status.reason is not None
        assert ("no CUDA device" if built else "is built without CUDA") in status.reason


def test_a_torch_with_cuda_but_no_device_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.cuda, "is_built", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert cuda.PLATFORM.status().reason == "no CUDA device: no NVIDIA driver or GPU was found"


@pytest.mark.parametrize(("capability", "lacking"), [((7, 5), {"bf16", "tf32"}), ((9, 0), set())])
def test_an_old_gpu_lacks_precisions(
    capability: tuple[int, int], lacking: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.backends.cuda, "is_built", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: capability)
    status = cuda.PLATFORM.status()
    assert status.available
    assert {*status.unsupported_precisions} == lacking
    assert status.tags == ("cuda", f"cuda:sm{capability[0]}{capability[1]}")


@pytest.mark.parametrize(("precision", "allowed"), [("tf32", True), ("fp32", False), ("bf16", False)])
def test_only_tf32_rounds_products(precision: str, allowed: bool, switches: None) -> None:
    cuda.allow_tf32(precision)
    assert torch.backends.cuda.matmul.allow_tf32 is allowed
    assert torch.backends.cudnn.allow_tf32 is allowed


@pytest.mark.parametrize(
    ("model", "cache", "mode"),
    [("vit", "dynamic", "reduce-overhead"), ("gpt2", "static", "reduce-overhead"), ("gpt2", "dynamic", None)],
)
def test_graphs_are_replayed_where_every_call_has_the_same_shapes(
    model: str, cache: str, mode: str | None, cells: Cells
) -> None:
    _, _, request = cells.request(cells.spec("cpu", model, options={"cache": cache}))
    engine = cuda.CudaEngine(load_model(request, "cpu"), request, device="cpu")
    assert engine.compile_mode(request) == mode
    assert TorchEngine.compile_mode(engine, request) is None


@pytest.mark.parametrize(("precision", "type_"), [("fp16", "float16"), ("bf16", "bfloat16"), ("tf32", "float32")])
def test_weights_have_the_type_that_was_asked_for(precision: str, type_: str, cells: Cells) -> None:
    _, _, request = cells.request(cells.spec("cuda", "bert", precision=precision))
    engine = TorchEngine(load_model(request, "cpu"), request, device="cpu")
    assert engine.placement()["weight_types"] == [type_]


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.\nmore"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
    ],
)
def test_a_full_memory_is_told_as_such_in_loading_and_in_a_call(error: RuntimeError, cells: Cells) -> None:
    assert isinstance(translated(error), OutOfMemory)

    class Full:
        def __call__(self, **inputs: object) -> None:
            raise error

    opened = cells.opened("cpu", "bert")
    engine = TorchEngine(opened.engine.model, opened.request, device="cpu")
    engine._call = Full()
    with pytest.raises(OutOfMemory, match="memory") as told:
        engine.forward(engine.place(opened.request.example))
    assert "\n" not in str(told.value)


def test_an_attention_that_is_not_installed_is_unsupported(cells: Cells) -> None:
    _, _, request = cells.request(cells.spec("cuda", "bert", options={"attention": "flash_attention_2"}))
    with pytest.raises(Unsupported, match="flash_attention_2"):
        load_model(request, "cpu")


def test_weights_that_a_head_lacks_are_named(cells: Cells) -> None:
    _, _, request = cells.request(cells.spec("cpu", "bert"))
    with pytest.raises(ModelInvalid, match=r"bert lacks \d+ of the weights that CausalLM needs, such as .*cls"):
        load_model(request._replace(head="CausalLM"), "cpu")


# ---- the real thing


@pytest.mark.gpu
@pytest.mark.parametrize("options", [{"compile": True}, {"compile": True, "cache": "static"}])
def test_compiled_decoding_agrees(options: dict[str, object], cells: Cells) -> None:
    facts = cells.facts("cuda", "gpt2", options)  # type: ignore[arg-type]
    assert facts["compiled"] is True
    assert facts["weight_devices"] == ["cuda"]


@pytest.mark.gpu
def test_device_memory_is_at_least_the_weights(cells: Cells) -> None:
    opened = cells.opened("cuda", "gpt2")
    opened.workload.call()
    assert opened.engine.device_memory()["device_memory_allocated"] >= 4 * opened.engine.parameters()
