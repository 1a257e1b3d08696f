"""Folders on disk that are made once and found again by their content key: built and converted models."""

import contextlib
import fcntl
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from filelock import FileLock, Timeout

from farm.contract.errors import NotPrepared

# Beside the folder KEY lie .KEY.lock (held while it is made or removed), .KEY.used (its time is the last use; every
# process that asked for the folder keeps a shared lock on it until it ends), and .KEY.*.part (folders being made).
_LOCK: Final = ".lock"
_USED: Final = ".used"
_PART: Final = ".part"

#: Whether this process may make what is missing; a process that measures what another one prepared may not.
_may_make = True

#: Files whose shared locks this process keeps until it ends: while they are held nobody removes the folders.
_in_use: dict[Path, int] = {}


class Entry(NamedTuple):
    """One cached folder: what it is, how large, and when it was last asked for (seconds since 1970)."""

    kind: str
    key: str
    path: Path
    size_bytes: int
    last_used: float


def cached(cache_dir: Path, kind: str, key: str, make: Callable[[Path], None]) -> tuple[Path, float]:
    """Give the folder `cache_dir/kind/key`, calling `make` on an empty folder first when it is not there yet.

    Whoever comes second waits for the first. What `make` raises passes through and leaves nothing behind. Until this
    process ends, `prune` leaves the folder alone. Out: the folder, and the seconds that making it took (0.0 when it
    was there). Raises: NotPrepared when it is not there and this process may make nothing.
    """
    folder = _place(cache_dir, kind, key)
    if _take(folder):
        return folder, 0.0
    if not _may_make:
        raise NotPrepared(f"{kind} {key} is not in the cache, and this process may not make it")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(_beside(folder, _LOCK)):
        if _take(folder):
            return folder, 0.0
        _remove_parts(folder)
        began = time.perf_counter()
        part = _new_part(folder)
        try:
            part.mkdir()
            make(part)
            _flush(part)
            part.rename(folder)
        finally:
            shutil.rmtree(part, ignore_errors=True)
        seconds = time.perf_counter() - began
        _take(folder)
        return folder, seconds


def find(cache_dir: Path, kind: str, key: str) -> Path | None:
    """Give the folder `cache_dir/kind/key`, marked as used, or None where nobody has made it yet."""
    folder = _place(cache_dir, kind, key)
    return folder if _take(folder) else None


def forbid_making() -> None:
    """From now on, this process only finds: `cached` raises NotPrepared for what is missing."""
    global _may_make  # noqa: PLW0603 - a property of the process, set once before its only task
    _may_make = False


def let_go() -> None:
    """Stop using all folders, as if this process ended: for one that stays and waits for other work."""
    while _in_use:
        os.close(_in_use.popitem()[1])


def entries(cache_dir: Path) -> tuple[Entry, ...]:
    """List what is cached, least recently used first."""
    found = [entry for folder in _folders(cache_dir) if (entry := _entry(folder)) is not None]
    return tuple(sorted(found, key=lambda entry: (entry.last_used, entry.kind, entry.key)))


def prune(cache_dir: Path, max_bytes: int) -> tuple[Entry, ...]:
    """Remove the least recently used folders until the rest takes at most `max_bytes`; give what was removed.

    A folder that a living process made, asked for or is making is never removed, so the rest may be larger.
    Leftovers of processes that died go too.
    """
    for leftover in sorted(cache_dir.glob(f"*/.*{_PART}")):
        _remove_leftover(leftover)
    known = entries(cache_dir)
    size = sum(entry.size_bytes for entry in known)
    removed = []
    for entry in known:
        if size <= max_bytes:
            break
        if _remove(entry.path):
            removed.append(entry)
            size -= entry.size_bytes
    return tuple(removed)


def _place(cache_dir: Path, kind: str, key: str) -> Path:
    for word in (kind, key):
        if not word or word.startswith(".") or "/" in word:
            raise ValueError(f"{word!r} cannot name a folder of the cache")
    return cache_dir / kind / key


def _beside(folder: Path, suffix: str) -> Path:
    return folder.with_name(f".{folder.name}{suffix}")


def _new_part(folder: Path) -> Path:
    return _beside(folder, f".{secrets.token_hex(4)}{_PART}")


def _take(folder: Path) -> bool:
    """Mark the folder as used now and by this process; say whether it is there."""
    if not folder.is_dir():
        return False
    used = _beside(folder, _USED)
    if used not in _in_use:
        descriptor = os.open(used, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        fcntl.flock(descriptor, fcntl.LOCK_SH)  # waits only while a prune removes the folder
        if not folder.is_dir():
            os.close(descriptor)
            return False
        _in_use[used] = descriptor
    os.utime(_in_use[used])
    return True


def _folders(cache_dir: Path) -> list[Path]:
    return [path for path in cache_dir.glob("*/*") if path.is_dir() and not path.name.startswith(".")]


def _entry(folder: Path) -> Entry | None:
    """Describe a folder; None when somebody removed it meanwhile."""
    used = _beside(folder, _USED)
    try:
        last_used = (used if used.exists() else folder).stat().st_mtime
        size = sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_dir())
    except FileNotFoundError:
        return None
    return Entry(folder.parent.name, folder.name, folder, size_bytes=size, last_used=last_used)


def _remove(folder: Path) -> bool:
    """Remove a folder unless it is in use or being made; say whether it is gone."""
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(FileLock(_beside(folder, _LOCK), timeout=0))
            held.enter_context(_sole_use(folder))
        except (Timeout, BlockingIOError):
            return False
        if folder.is_dir():
            part = _new_part(folder)
            folder.rename(part)  # in one step, so that nobody ever sees half a folder
            shutil.rmtree(part)
        return True  # the files beside it stay: who waits for their locks must find the same files


@contextlib.contextmanager
def _sole_use(folder: Path) -> Iterator[None]:
    """Hold the lock on use alone. Raises: BlockingIOError when any process uses the folder."""
    descriptor = os.open(_beside(folder, _USED), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def _remove_parts(folder: Path) -> None:
    """Remove what dead makers of this folder left. The caller holds its lock, so no living one is at work."""
    for part in folder.parent.iterdir():
        if part.name.startswith(f".{folder.name}.") and part.name.endswith(_PART):
            shutil.rmtree(part, ignore_errors=True)


def _remove_leftover(part: Path) -> None:
    """Remove one leftover unless its maker still holds the lock."""
    key = part.name.removeprefix(".").removesuffix(_PART).rpartition(".")[0]
    with contextlib.suppress(Timeout), FileLock(part.with_name(f".{key}{_LOCK}"), timeout=0):
        shutil.rmtree(part, ignore_errors=True)


def _flush(folder: Path) -> None:
    """Write the files through to the disk: a power cut after the rename must not leave empty ones."""
    for path in [*folder.rglob("*"), folder]:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
