"""Makes a fork server dirty on purpose: every child waits at once for a lock that only a thread of the server has."""

import os
import threading

_lock = threading.Lock()
_held = threading.Event()


def _hold() -> None:
    with _lock:
        _held.set()
        threading.Event().wait()


threading.Thread(target=_hold, daemon=True).start()
_held.wait()
os.register_at_fork(after_in_child=_lock.acquire)
