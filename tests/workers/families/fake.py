"""The zoo's fake model."""

from tests.workers.families import Tiny

MODELS = {"fake-model": Tiny(None, {"output": ()})}
