"""Worker processes that end with their trainer."""

from __future__ import annotations

import os
import threading
from multiprocessing import connection, parent_process
from typing import Any

_SECONDS = 1.0
_watched_by = 0


def end_with_parent() -> None:
    """Ends this process, a DataLoader's worker, within a second or two of its trainer's death, however that came.

    A worker of a fork server has another parent than its trainer, and waits for ever for one that was killed, while its streams
    hold memory of the replicas.
    """
    global _watched_by  # once for each process
    parent = parent_process()
    if parent is None or _watched_by == os.getpid():
        return
    _watched_by = os.getpid()
    threading.Thread(target=_watch, args=(parent.sentinel, os.getppid()), name="tributary-parent", daemon=True).start()


def _watch(sentinel: Any, started_by: int) -> None:
    # Siblings that were forked later keep the sentinel of a dead trainer open; but then their common parent has changed.
    while not connection.wait([sentinel], _SECONDS) and os.getppid() == started_by:
        pass
    os._exit(1)
