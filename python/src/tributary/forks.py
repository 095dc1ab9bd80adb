"""What a fork does to gRPC, and what is done about it."""

from __future__ import annotations

import os
import sys
from typing import Optional

import grpc

from tributary.errors import wrong

# The process that has opened a stream, where this one or the one that it was forked from has.
_streaming_pid: Optional[int] = None
_is_hooked = False
_is_said = False


def streams() -> None:
    """Notes that this process has opened a stream, and a channel before it."""
    global _streaming_pid, _is_hooked
    _streaming_pid = os.getpid()
    if not _is_hooked:
        # The hook that was registered last runs first, and gRPC's own, which may never return, comes with its first channel.
        _is_hooked = True
        os.register_at_fork(before=_say)


def has_streamed() -> bool:
    """Whether this process has opened a stream."""
    return _streaming_pid == os.getpid()


def refuse_fork() -> None:
    """gRPC hangs or crashes in a process forked off one that has streamed; an error is better (grpc/grpc#32992)."""
    if _streaming_pid not in (None, os.getpid()):
        raise wrong(
            "ARGUMENT_INVALID",
            "worker processes by spawn or forkserver, once a loader has streamed in the main process",
            "fork",
            'Give the DataLoader multiprocessing_context="forkserver"',
        )


def _say() -> None:
    """One line on standard error before a fork that hangs inside gRPC, where no error can be raised any more."""
    global _is_said
    why = _hangs()
    if why and not _is_said and has_streamed():
        _is_said = True
        line = (
            f"tributary: this process forks, and gRPC may wait in it for ever, because {why}. "
            'Start workers with multiprocessing_context="forkserver"; see docs/python.md.\n'
        )
        sys.stderr.write(line)
        sys.stderr.flush()


def _hangs() -> str:
    """Why a fork hangs now; empty where it does not."""
    if os.environ.get("GRPC_ENABLE_FORK_SUPPORT", "0").lower() in ("1", "true", "yes", "on", "y", "t"):
        # It waits for calls to end, and one time in five goes on waiting when all of them have.
        return "GRPC_ENABLE_FORK_SUPPORT is on"
    # grpcio 1.51 was never released for Python 3.12 and later: this is Debian 13's own build, whose core waits in any fork.
    if grpc.__version__.startswith("1.51.") and sys.version_info >= (3, 12):
        return "this build of grpcio 1.51 waits for its own threads before any fork"
    return ""
