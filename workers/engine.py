"""What a platform hands to a family: a loaded model behind a small door, the same on every runtime."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from numpy.typing import NDArray
from pydantic import JsonValue

from farm.contract.machine import PlatformStatus
from farm.contract.value import Scalar

Array = NDArray[Any]
Arrays = Mapping[str, Array]
#: Inputs as the runtime wants them (tensors on a device, say). Only the engine that made them looks inside.
Placed = Any
#: Raw outputs as the runtime gives them. Only the engine that made them looks inside.
Raw = Any


class ModelFolder(NamedTuple):
    """A model on disk, ready for `from_pretrained`, and what is known of it without loading it."""

    path: Path
    key: str  # content key: equal keys mean equal files
    parameters: int  # counted in the safetensors headers; tied weights once
    published_parameters: int | None  # None for a model that is not of the zoo
    revision: str | None  # commit of a hub model
    seconds: float  # spent building or fetching it now; 0.0 when it was cached


class LoadRequest(NamedTuple):
    """What a platform loads."""

    folder: ModelFolder
    head: str  # transformers' word after AutoModelFor / OVModelFor: FeatureExtraction, CausalLM, SpeechSeq2Seq, ...
    precision: str
    options: Mapping[str, Scalar]
    threads: int
    cache_dir: Path
    example: Mapping[str, Array] = {}  # inputs of one call, for platforms that trace the model with them
    gives: tuple[str, ...] = ()  # names of the outputs that the family reads; empty for generated tokens
    new_tokens: int = 0  # tokens that one call generates
    seed: int = 0  # another one in each repeat; only scripted noise depends on it


class Engine(Protocol):
    """A loaded model. `place` and `arrays` are never timed; every other call returns only when its work is done."""

    def place(self, inputs: Arrays) -> Placed:
        """Move inputs to the device and give floating-point ones the model's type."""

    def arrays(self, raw: Raw) -> dict[str, Array]:
        """Turn raw outputs into named float32 (or integer) arrays in main memory."""

    def parameters(self) -> int:
        """Count the elements of the weights that this engine really holds."""

    def placement(self) -> dict[str, JsonValue]:
        """Say where it really runs: classes, devices of weights and outputs, types, threads; read from the runtime."""

    def device_memory(self) -> dict[str, float]:
        """Give peak bytes on the device since this was last asked, by metric; empty where the device is the host."""


class ForwardEngine(Engine, Protocol):
    """A model that answers in one pass."""

    def forward(self, placed: Placed) -> Raw:
        """Run one pass."""


class DecodingEngine(Engine, Protocol):
    """A model that generates tokens one after the other, keeping its own cache."""

    def encode(self, placed: Placed) -> Placed:
        """Run the encoder, if there is one, and give what `prefill` wants; otherwise give `placed` back."""

    def prefill(self, encoded: Placed) -> Raw:
        """Forget the last generation, read the prompt, and give the greedy next token of each row."""

    def step(self, tokens: Raw) -> Raw:
        """Read one token per row and give the greedy next one."""

    def tokens(self, raw: Raw) -> Array:
        """Turn greedy tokens into an int64 array of shape (batch,). Never timed."""

    def from_tokens(self, tokens: Array) -> Raw:
        """Turn an int64 array of shape (batch,) into what `step` wants. Never timed."""

    def logits(self) -> Array:
        """Give the float32 logits (batch, vocabulary) of the last prefill or step. Never timed."""


class Platform(Protocol):
    """A runtime on a device. Facts that the control plane reads stand as literals on top of the file."""

    def status(self) -> PlatformStatus:
        """Say whether this box can run it and, if not, why. Must not load a model or start threads."""

    def convert(self, request: LoadRequest) -> float:
        """Make and cache whatever `load` reads beside the folder; give the seconds it took (0.0 when cached).

        Raises: Unsupported when this precision or head cannot be had on this platform.
        """

    def ready(self, request: LoadRequest) -> None:
        """Import what `load` needs, so that the time of loading is the model's own."""

    def load(self, request: LoadRequest) -> Engine:
        """Load the model, ready for its first call. Errors of the runtime come out as errors of farm.contract."""
