"""What a model folder must be before anything is loaded from it: allowed, whole, safe, and smaller than the memory."""

import hashlib
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

import psutil
from pydantic import JsonValue

from farm.contract.errors import ModelInvalid, ModelNotFound, OutOfMemory, UnsafeModel
from farm.contract.machine import GIB
from farm.contract.value import digest
from workers import cache
from workers.zoo.weights import read_json, weight_files

CONFIG: Final = "config.json"
#: The files beside the weights that loading may read, as glob patterns relative to the folder.
BESIDE_WEIGHTS: Final = (
    "*.json",
    "*.txt",
    "*.model",
    "*.jinja",
    "*.tiktoken",
    "*/config.json",
    "additional_chat_templates/*.jinja",
)
WEIGHTS: Final = "model*.safetensors"
CODE: Final = "*.py"
PICKLES: Final = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")

_WORTH_REMEMBERING: Final = 1 << 20  # bytes; hashing a smaller file is quicker than looking its hash up


def open_folder(location: str, *, model_roots: Sequence[Path | str]) -> Path:
    """Give the real path of a local model folder.

    Raises: UnsafeModel when it lies outside the operator's model roots, ModelNotFound when it is no folder.
    """
    folder = Path(location).expanduser().resolve()
    _check_inside([folder], model_roots=model_roots)
    if not folder.is_dir():
        what = "is a file, not a folder" if folder.exists() else "does not exist on this machine"
        raise ModelNotFound(f"model folder {location} {what}")
    _check_inside(files_of(folder), model_roots=model_roots)
    return folder


def check(folder: Path, *, called: str, code_allowed: bool) -> None:
    """Check that a folder is a model that may be loaded. `called` is how messages name it.

    Raises: ModelInvalid, UnsafeModel or OutOfMemory.
    """
    if not (folder / CONFIG).is_file():
        raise ModelInvalid(f"{called} has no {CONFIG}; a model folder is what save_pretrained writes")
    if not isinstance(read_json(folder / CONFIG).get("model_type"), str):
        raise ModelInvalid(f"{called}: {CONFIG} has no model_type, so nothing tells which architecture it is")
    if not code_allowed:
        _check_no_code(folder, called=called)
    check_names([path.name for path in folder.iterdir()], called=called)
    check_memory(sum(path.stat().st_size for path in weight_files(folder)), called=called)


def check_names(names: Iterable[str], *, called: str) -> None:
    """Check by its files' names that a model has weights, and not only in pickle form.

    Raises: UnsafeModel or ModelInvalid.
    """
    names = sorted(names)
    if any(fnmatchcase(name, WEIGHTS) for name in names):
        return
    pickles = [name for name in names if any(fnmatchcase(name, pattern) for pattern in PICKLES)]
    if pickles:
        raise UnsafeModel(
            f"{called} has its weights only in pickle form ({', '.join(pickles[:3])}), which can run code when loaded; "
            "load it where you trust it and save it again with save_pretrained, which writes safetensors"
        )
    raise ModelInvalid(f"{called} has no weights: no file is called {WEIGHTS}")


def check_memory(size_bytes: int, *, called: str) -> None:
    """Check that weights of this size fit into the memory that is free or only caches files.

    Raises: OutOfMemory naming both sizes.
    """
    available = psutil.virtual_memory().available
    if size_bytes > available:
        raise OutOfMemory(
            f"the weights of {called} take {size_bytes / GIB:.1f} GiB, and this machine has {available / GIB:.1f} GiB "
            "of memory available; use a larger machine or a smaller model"
        )


def is_read(name: str, *, with_code: bool) -> bool:
    """Say whether loading may read a file of this name, its path within the model's folder."""
    patterns = (*BESIDE_WEIGHTS, WEIGHTS, *((CODE,) if with_code else ()))
    return any(name.count("/") == pattern.count("/") and fnmatchcase(name, pattern) for pattern in patterns)


def files_of(folder: Path) -> tuple[Path, ...]:
    """List the files of a model folder that loading may read, weights included, in a fixed order."""
    found = {path for pattern in (*BESIDE_WEIGHTS, WEIGHTS, CODE) for path in folder.glob(pattern)}
    return tuple(sorted(path for path in found if path.is_file() and not path.name.startswith(".")))


def content_key(folder: Path, cache_dir: Path) -> str:
    """Hash the content of every file that loading may read; hashes of large files are remembered in the cache."""
    hashes: dict[str, JsonValue] = {
        path.relative_to(folder).as_posix(): _hash(path, cache_dir) for path in files_of(folder)
    }
    return digest(hashes)


def weights_checksum(folder: Path, cache_dir: Path) -> str | None:
    """Hash the weights alone, whichever library wrote what lies beside them; None for a folder that has none."""
    if not any(folder.glob("*.safetensors")):
        return None
    return digest([_hash(path, cache_dir) for path in weight_files(folder)])


def _check_inside(paths: Iterable[Path], *, model_roots: Sequence[Path | str]) -> None:
    """Check that paths, links followed, lie inside one of the roots; no roots means any folder."""
    roots = [Path(root).expanduser().resolve() for root in model_roots]
    for path in paths:
        real = path.resolve()
        if roots and not any(real.is_relative_to(root) for root in roots):
            names = ", ".join(map(str, roots))
            raise UnsafeModel(f"{path} leads outside the model roots of this worker (FARM_MODEL_ROOTS: {names})")


def _check_no_code(folder: Path, *, called: str) -> None:
    for path in sorted(folder.glob("*config.json")):
        if _has_key(read_json(path), "auto_map"):
            raise UnsafeModel(
                f"{called} wants to run its own Python code (auto_map in {path.name}); if you trust it, the operator "
                "of the worker can allow this one model by its name in FARM_REMOTE_CODE"
            )


def _has_key(value: JsonValue, key: str) -> bool:
    if isinstance(value, dict):
        return key in value or any(_has_key(inner, key) for inner in value.values())
    return False


def _hash(path: Path, cache_dir: Path) -> str:
    facts = path.resolve().stat()
    if facts.st_size < _WORTH_REMEMBERING:
        return _sha256(path)

    def remember(folder: Path) -> None:
        (folder / "sha256").write_text(_sha256(path))

    key = digest([str(path.resolve()), facts.st_size, facts.st_mtime_ns], length=32)
    remembered, _ = cache.cached(cache_dir, "hashes", key, remember)
    return (remembered / "sha256").read_text()


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
