"""A small workers package on disk, so that these tests do not depend on which models the farm has today."""

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from farm.contract.errors import SweepMistakes
from farm.sweeps.catalogue import Catalogue, read_catalogue
from farm.sweeps.load import load_sweep
from tests.sweeps.files import Found, Load, Write

FILES = {
    "zoo/bert_tiny.py": """
        FAMILY: Final = "text_embedding"
        STANDS_FOR: Final = "prajjwal1/bert-tiny"
        PARAMETERS: Final = 4385920
        """,
    "zoo/gpt2.py": """
        FAMILY: Final = "text_generation"
        STANDS_FOR: Final = "openai-community/gpt2"
        PARAMETERS: Final = 124439808
        """,
    "zoo/painter.py": """
        FAMILY: Final = "image_generation"
        STANDS_FOR: Final = "somebody/painter"
        PARAMETERS: Final = 7
        """,
    "zoo/sleeper.py": """
        FAMILY: Final = "fake"
        STANDS_FOR: Final = "nothing"
        PARAMETERS: Final = 0
        """,
    "zoo/building.py": "SEED: Final = 3\n",
    "zoo/_shared.py": "raise RuntimeError('nobody may import or read this')\n",
    "families/text_embedding.py": """
        HEADS: Final = {"BertModel": "FeatureExtraction", "Model": "FeatureExtraction"}
        AXES: Final = ("batch_size", "sequence_length")
        ITEM: Final = "sentence"
        COLUMNS: Final = ("latency_per_item", "embedding_dimension")
        """,
    "families/text_generation.py": """
        HEADS: Final = {"ForCausalLM": "CausalLM", "LMHeadModel": "CausalLM"}
        AXES: Final = ("batch_size", "sequence_length", "new_tokens")
        ITEM: Final = "sequence"
        COLUMNS: Final = ("time_to_first_token",)
        """,
    "families/fake.py": """
        HEADS: Final = {}
        AXES: Final = ()
        ITEM: Final = "nothing"
        COLUMNS: Final = ()
        PLATFORMS: Final = ("fake",)
        """,
    "platforms/cpu.py": """
        import a_library_that_is_not_installed
        PRECISIONS: Final = ("fp32", "bf16")
        FAST_PRECISION: Final = "bf16"
        TAGS: Final = ("cpu",)
        START: Final = "fork"
        DEVICE: Final = "host"
        OPTIONS: Final = {"compile": False, "attention": "sdpa"}
        COMPUTED: Final = tuple(word.upper() for word in PRECISIONS)
        """,
    "platforms/openvino.py": """
        PRECISIONS: Final = ("fp32", "bf16", "int8")
        FAST_PRECISION: Final = "int8"
        TAGS: Final = ("openvino",)
        START: Final = "fork"
        DEVICE: Final = "host"
        OPTIONS: Final = {"num_streams": 0}
        """,
    "platforms/fake.py": """
        PRECISIONS: Final = ("fp32",)
        FAST_PRECISION: Final = "fp32"
        TAGS: Final = ("fake",)
        START: Final = "fork"
        DEVICE: Final = "host"
        OPTIONS: Final = {"latency": 0.001, "fault": "none"}
        """,
    "platforms/base.py": "PRECISIONS: Final = ()\n",
}


@pytest.fixture
def workers(tmp_path: Path) -> Path:
    """Write the small package; give its folder."""
    root = tmp_path / "workers"
    for name, content in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(content))
    return root


@pytest.fixture
def catalogue(workers: Path) -> Catalogue:
    """Read the small package."""
    return read_catalogue(workers)


@pytest.fixture
def sweep_file(tmp_path: Path) -> Callable[[str], Path]:
    """Give a function that writes a sweep file."""

    def write(content: str) -> Path:
        path = tmp_path / "sweep.yaml"
        path.write_text(textwrap.dedent(content).lstrip("\n"))
        return path

    return write


@pytest.fixture
def load(sweep_file: Write, catalogue: Catalogue) -> Load:
    return lambda content: load_sweep(sweep_file(content), catalogue)


@pytest.fixture
def mistakes(sweep_file: Write, catalogue: Catalogue) -> Found:
    """Give a function that loads a wrong file and gives its mistakes, with the folder left out."""

    def of(content: str) -> list[str]:
        path = sweep_file(content)
        with pytest.raises(SweepMistakes) as raised:
            load_sweep(path, catalogue)
        return [text.replace(f"{path.parent}/", "") for text in raised.value.mistakes]

    return of
