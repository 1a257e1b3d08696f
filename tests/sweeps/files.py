"""What tests of sweep files share: the words for their fixtures, and the head of a small file."""

from collections.abc import Callable
from pathlib import Path

from farm.sweeps.plan import SweepPlan

Write = Callable[[str], Path]
Load = Callable[[str], SweepPlan]
Found = Callable[[str], list[str]]

START = """
name: small
models: [bert-tiny, gpt2]
platforms: [cpu, openvino]
"""
