"""What forked children inherit ready-made. The fork server imports this last; it computes nothing on any runtime.

Classes of known models, package versions and the word list are read once instead of in every child, and what is in
memory by then is taken out of the garbage collector's sight: else every child would walk through all of it, and get
its own copy of each page it looks at.
"""

import gc
import importlib
import pkgutil
import sys

import workers.families
from workers.measure import watching
from workers.versions import version
from workers.zoo.vocabularies import words

#: What the reference is computed and its work counted with, imported by name elsewhere, as the farm's fake has none.
REFERENCE = ("workers.following", "workers.measure.work")


def _prepare() -> None:
    for package in ("torch", "transformers", "tokenizers", "openvino", "optimum", "optimum-intel", "nncf"):
        version(package)
    words()
    watching.ready()
    if "transformers" in sys.modules:
        _load_classes()
    gc.collect()
    gc.freeze()


def _load_classes() -> None:
    """Import the reference's means, every family, and the classes of the models that it knows.

    Transformers imports these when they are first named.
    """
    transformers = sys.modules["transformers"]
    for module in REFERENCE:
        importlib.import_module(module)
    for found in pkgutil.iter_modules(workers.families.__path__):
        family = importlib.import_module(f"workers.families.{found.name}")
        for architecture in getattr(family, "HEADS", ()):
            getattr(transformers, architecture, None)


_prepare()
