import fcntl
import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Callable
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from workers import cache

FORK = multiprocessing.get_context("fork")


def make_file(text: str = "made") -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        (folder / "file").write_text(text)

    return make


def in_another_process(code: str, *arguments: object) -> str:
    """Run code that ends before this returns, as other workers' processes do."""
    command = [sys.executable, "-c", f"import sys\nfrom pathlib import Path\nfrom workers import cache\n{code}"]
    done = subprocess.run([*command, *map(str, arguments)], capture_output=True, text=True, check=True)
    return done.stdout


def fill(cache_dir: Path, key: str, *, size: int, last_used: float) -> None:
    code = """
def make(folder):
    (folder / "weights").write_bytes(b"x" * int(sys.argv[3]))

cache.cached(Path(sys.argv[1]), "models", sys.argv[2], make)
"""
    in_another_process(code, cache_dir, key, size)
    os.utime(cache_dir / "models" / f".{key}.used", (last_used, last_used))


def keys(cache_dir: Path) -> list[str]:
    return [entry.key for entry in cache.entries(cache_dir)]


def test_a_folder_is_made_once_and_found_afterwards(tmp_path: Path) -> None:
    folder, seconds = cache.cached(tmp_path, "models", "a", make_file())
    again, no_seconds = cache.cached(tmp_path, "models", "a", make_file("made twice"))
    assert folder == again == tmp_path / "models" / "a"
    assert (folder / "file").read_text() == "made"
    assert seconds > 0.0
    assert no_seconds == 0.0


def test_kinds_and_keys_are_kept_apart(tmp_path: Path) -> None:
    for kind, key in [("models", "a"), ("models", "b"), ("openvino", "a")]:
        cache.cached(tmp_path, kind, key, make_file(f"{kind} {key}"))
    assert (tmp_path / "models" / "b" / "file").read_text() == "models b"
    assert (tmp_path / "openvino" / "a" / "file").read_text() == "openvino a"


def test_a_failure_passes_through_and_leaves_nothing(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "half").write_text("half")
        raise RuntimeError("no space")

    with pytest.raises(RuntimeError, match="no space"):
        cache.cached(tmp_path, "models", "a", fail)
    assert [path for path in (tmp_path / "models").iterdir() if path.is_dir()] == []
    folder, _ = cache.cached(tmp_path, "models", "a", make_file())
    assert (folder / "file").read_text() == "made"


def test_while_it_is_being_made_nobody_sees_it(tmp_path: Path) -> None:
    def look(folder: Path) -> None:
        (folder / "file").write_text("half")
        assert not (tmp_path / "models" / "a").exists()
        assert cache.entries(tmp_path) == ()

    cache.cached(tmp_path, "models", "a", look)
    assert keys(tmp_path) == ["a"]


def die_half_way(cache_dir: Path) -> None:
    def die(folder: Path) -> None:
        (folder / "half").write_text("half")
        os._exit(9)

    cache.cached(cache_dir, "models", "a", die)


def test_a_process_that_dies_half_way_leaves_no_entry_and_its_rest_is_cleaned(tmp_path: Path) -> None:
    child = FORK.Process(target=die_half_way, args=(tmp_path,))
    child.start()
    child.join()
    assert child.exitcode == 9
    assert cache.entries(tmp_path) == ()
    assert len(list(tmp_path.rglob("half"))) == 1
    folder, _ = cache.cached(tmp_path, "models", "a", make_file())
    assert [path.name for path in folder.iterdir()] == ["file"]
    assert list(tmp_path.rglob("half")) == []


def test_pruning_cleans_what_dead_processes_left_of_any_key(tmp_path: Path) -> None:
    child = FORK.Process(target=die_half_way, args=(tmp_path,))
    child.start()
    child.join()
    cache.prune(tmp_path, 10**9)
    assert list(tmp_path.rglob("half")) == []


def make_slowly(cache_dir: Path, calls: Path, start: Event) -> None:
    def make(folder: Path) -> None:
        with calls.open("a") as stream:
            stream.write("made\n")
        time.sleep(0.3)
        (folder / "file").write_text("whole")

    start.wait()
    folder, _ = cache.cached(cache_dir, "models", "a", make)
    assert (folder / "file").read_text() == "whole"


def test_processes_that_want_the_same_at_once_make_it_once(tmp_path: Path) -> None:
    calls, start = tmp_path / "calls", FORK.Event()
    children = [FORK.Process(target=make_slowly, args=(tmp_path / "cache", calls, start)) for _ in range(4)]
    for child in children:
        child.start()
    start.set()
    for child in children:
        child.join()
    assert [child.exitcode for child in children] == [0, 0, 0, 0]
    assert calls.read_text() == "made\n"


def test_pruning_leaves_alone_what_is_being_made(tmp_path: Path) -> None:
    def prune_meanwhile(folder: Path) -> None:
        (folder / "file").write_text("made")
        in_another_process("cache.prune(Path(sys.argv[1]), 0)", tmp_path)

    folder, _ = cache.cached(tmp_path, "models", "a", prune_meanwhile)
    assert (folder / "file").read_text() == "made"


def test_pruning_removes_the_least_recently_used_until_it_fits(tmp_path: Path) -> None:
    fill(tmp_path, "old", size=100, last_used=1000)
    fill(tmp_path, "older", size=100, last_used=500)
    fill(tmp_path, "new", size=100, last_used=2000)
    assert keys(tmp_path) == ["older", "old", "new"]
    removed = cache.prune(tmp_path, 200)
    assert [(entry.key, entry.size_bytes) for entry in removed] == [("older", 100)]
    assert keys(tmp_path) == ["old", "new"]
    assert not (tmp_path / "models" / "older").exists()
    assert cache.prune(tmp_path, 200) == ()


def test_being_asked_for_counts_as_use(tmp_path: Path) -> None:
    fill(tmp_path, "first", size=10, last_used=1000)
    fill(tmp_path, "second", size=10, last_used=2000)
    in_another_process("cache.cached(Path(sys.argv[1]), 'models', 'first', lambda f: None)", tmp_path)
    assert keys(tmp_path) == ["second", "first"]


def test_pruning_leaves_alone_what_a_living_process_asked_for(tmp_path: Path) -> None:
    fill(tmp_path, "idle", size=100, last_used=2000)
    cache.cached(tmp_path, "models", "used here", make_file())
    os.utime(tmp_path / "models" / ".used here.used", (1000, 1000))
    removed = in_another_process("print([e.key for e in cache.prune(Path(sys.argv[1]), 0)])", tmp_path)
    assert removed.strip() == "['idle']"
    assert keys(tmp_path) == ["used here"]


def test_a_folder_that_was_pruned_is_made_again(tmp_path: Path) -> None:
    fill(tmp_path, "a", size=100, last_used=1000)
    cache.prune(tmp_path, 0)
    folder, seconds = cache.cached(tmp_path, "models", "a", make_file("again"))
    assert (folder / "file").read_text() == "again"
    assert seconds > 0.0


def test_a_prune_that_wins_the_race_makes_the_other_build(tmp_path: Path) -> None:
    """Another process holds the lock on use as a prune does, removes the folder, and lets go: it is made anew."""
    fill(tmp_path, "a", size=100, last_used=1000)
    held = os.open(tmp_path / "models" / ".a.used", os.O_RDWR)
    fcntl.flock(held, fcntl.LOCK_EX)
    code = "print(cache.cached(Path(sys.argv[1]), 'models', 'a', lambda f: (f / 'new').write_text('new'))[1] > 0)"
    command = [sys.executable, "-c", f"import sys\nfrom pathlib import Path\nfrom workers import cache\n{code}"]
    with subprocess.Popen([*command, str(tmp_path)], stdout=subprocess.PIPE, text=True) as other:
        time.sleep(0.5)
        (tmp_path / "models" / "a").rename(tmp_path / "gone")
        os.close(held)
        told, _ = other.communicate()
    assert told.strip() == "True"
    assert (tmp_path / "models" / "a" / "new").exists()


def test_an_empty_cache_has_no_entries(tmp_path: Path) -> None:
    assert cache.entries(tmp_path / "nothing") == ()
    assert cache.prune(tmp_path / "nothing", 0) == ()


@pytest.mark.parametrize("key", ["", "../outside", "a/b", ".hidden"])
def test_a_key_that_could_leave_its_folder_is_refused(tmp_path: Path, key: str) -> None:
    with pytest.raises(ValueError, match="cannot name a folder"):
        cache.cached(tmp_path, "models", key, make_file())
