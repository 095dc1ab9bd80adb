"""The trainer's side of the receiving process (receiving.py): starts it, and takes batches out of the memory that both map.

The trainer's own interpreter runs nothing of gRPC, so that it can fork at any time, and its thread is free: a batch costs
it a message of some kilobytes.
"""

from __future__ import annotations

import atexit
import logging
import os
import pickle
import select
import socket
import subprocess
import sys
import threading
from dataclasses import replace
from typing import Any, Callable, Dict, List, Optional, Tuple

from tributary.batch import Arrived, torch
from tributary.errors import TributaryError, exhausted, wrong
from tributary.messages import receive, send
from tributary.replicas import Replicas
from tributary.shared import AVAILABLE, Borrowed
from tributary.wanted import Wanted

# torch takes seconds to import, and is of no use to the receiving process.
_PROGRAM = (
    "import sys; sys.path[:] = {path!r}; sys.modules['torch'] = None; "
    "from tributary import receiving; receiving.main({descriptor}, {trainer})"
)

# So often in a row a process may end without a batch or an answer.
_DEATHS = 4
# And so often it may refuse a session.
_REFUSALS = 3

# What glibc is told of a process that takes and frees megabytes all the time, in threads that come and go: one arena, which
# keeps what is freed. Otherwise every message's pages are asked of the system anew, which costs more than receiving it.
_MALLOC = {"MALLOC_ARENA_MAX": "1", "MALLOC_TRIM_THRESHOLD_": "268435456", "MALLOC_MMAP_THRESHOLD_": "33554432"}

log = logging.getLogger("tributary")


class Receiver:
    """One receiving process. It ends with this one, and after a while without a session."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        self._log = os.memfd_create("tributary-receiver-log", os.MFD_CLOEXEC)
        path = [os.path.abspath(p) for p in sys.path]
        program = _PROGRAM.format(path=path, descriptor=theirs.fileno(), trainer=os.getpid())
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-c", program],
                pass_fds=[theirs.fileno()],
                env={**_MALLOC, **os.environ},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._log,
            )
        self._control = ours
        self.pid = self._process.pid

    def open(self, kind: str, body: Any) -> socket.socket:
        """Begins a session. OSError where the process has ended."""
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                socket.send_fds(self._control, [b"\0"], [theirs.fileno()])
                send(ours, (kind, body))
            except BaseException:
                ours.close()
                raise
        return ours

    def has_ended(self) -> bool:
        """Whether the process is gone."""
        return self._process.poll() is not None

    def ended(self) -> str:
        """How the process ended, once it has."""
        try:
            code = self._process.wait(1)
        except subprocess.TimeoutExpired:
            return "it closed its connection"
        said = os.pread(self._log, 2000, max(0, os.fstat(self._log).st_size - 2000)).decode(errors="replace").strip()
        how = f"signal {-code}" if code < 0 else f"exit status {code}"
        return f"{how}{': ' + said if said else ''}"

    def close(self) -> None:
        """Ends the process."""
        self._control.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._log)

    def forget(self) -> None:
        """In a forked process: lets go of what is the parent's."""
        self._control.close()
        self._process.returncode = 0
        os.close(self._log)


_lock = threading.Lock()
_receivers: Dict[int, Receiver] = {}
_retired: List[Receiver] = []
_sockets: List[socket.socket] = []


def available(target: Any, options: Any) -> bool:
    """Whether a receiving process can be used: on Linux, with options that can be handed over."""
    try:
        pickle.dumps((target, options))
    except Exception:
        return False
    return AVAILABLE and bool(sys.executable)


def _open(number: int, kind: str, body: Any) -> Tuple[Receiver, socket.socket]:
    """A session with the process of this number, which is started where there is none."""
    with _lock:
        for retired in [r for r in _retired if r.has_ended()]:
            _retired.remove(retired)
            retired.close()
        refused = 0
        while True:
            receiver = _receivers.get(number)
            try:
                if receiver is None:
                    receiver = _receivers[number] = Receiver()
                session = receiver.open(kind, body)
            except OSError as error:
                if exhausted(error) is not None:
                    raise exhausted(error) from None  # type: ignore[misc]
                if receiver is None:
                    raise
                # It has ended, or takes no more than the sessions that it has.
                del _receivers[number]
                _retired.append(receiver)
                refused += 1
                if refused == _REFUSALS:
                    raise _ended(receiver.ended()) from None
                continue
            _sockets.append(session)
            return receiver, session


def _close(session: socket.socket) -> None:
    if session in _sockets:
        _sockets.remove(session)
    try:
        session.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    session.close()


@atexit.register
def _end() -> None:
    with _lock:
        for receiver in [*_receivers.values(), *_retired]:
            receiver.close()
        _receivers.clear()
        _retired.clear()


def _in_child() -> None:
    global _lock
    _lock = threading.Lock()
    for receiver in [*_receivers.values(), *_retired]:
        receiver.forget()
    _retired.clear()
    for session in _sockets:
        session.close()
    _receivers.clear()
    _sockets.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)


def ask(target: Any, options: Any, method: str, request: Any, response: Any, wanted: str, count: int) -> List[Tuple[str, Any]]:
    """`Replicas.ask_all` from the receiving process: addresses and answers of up to `count` replicas, of one at least."""
    if not available(target, options):
        replicas = Replicas(target, options)
        try:
            return [(r.address, answer) for r, answer in replicas.ask_all(method, request, response, wanted, count)]
        finally:
            replicas.close()
    body = (
        target if isinstance(target, str) else list(target),
        options,
        method,
        (request.DESCRIPTOR.full_name, request.SerializeToString()),
        response.DESCRIPTOR.full_name,
        wanted,
        count,
    )
    how = ""
    for _ in range(_DEATHS):
        receiver, session = _open(0, "ask", body)
        try:
            message = _next(session)
        finally:
            _close(session)
        if message is not None:
            kind, value = message[0]
            if kind == "error":
                raise value
            return [(address, response.FromString(raw)) for address, raw in value]
        how = receiver.ended()
    raise _ended(how)


def _next(session: socket.socket) -> Optional[Tuple[Any, Optional[int]]]:
    """The next message of a session that is no line of the log, which goes to this process'."""
    while True:
        message = receive(session)
        if message is None or message[0][0] != "log":
            return message
        level, text = message[0][1]
        log.log(level, "%s", text)


def _ended(how: str) -> TributaryError:
    return wrong(
        "INTERNAL",
        "a receiving process that goes on",
        f"one that ended again and again ({how})",
        "Look for what ends processes here, such as a bound on memory, or set receivers=0 to stream in this process",
    )


class Received:
    """The batches that are wanted, in order, by way of receiving processes: in the place of `Lanes`. To be closed after use.

    A process that ends in the middle is started again and goes on with the batch that comes next.
    """

    def __init__(self, wanted: Wanted, receivers: int, pin_memory: bool):
        pace = wanted.pace
        count = max(1, min(receivers, pace.lanes or receivers, pace.most, wanted.steps.count))
        self._wanted = wanted
        self._prepare = _page_lock if pin_memory else _leave
        self._turn = 0
        self._deaths = 0
        self._count = count
        self._closed = False
        self._pid = os.getpid()
        self._sessions: List[Optional[Tuple[Receiver, socket.socket, Borrowed]]] = [None] * count
        for number in range(count if wanted.steps.count else 0):
            self._open(number)

    def _open(self, number: int) -> Tuple[Receiver, socket.socket, Borrowed]:
        """A session for every `count`-th turn, from the next one that is this session's."""
        wanted, n = self._wanted, self._count
        first = self._turn + (number - self._turn) % n
        steps = replace(
            wanted.steps,
            first=wanted.steps.at(first),
            stride=wanted.steps.stride * n,
            count=max(0, -((first - wanted.steps.count) // n)),
        )
        receiver, session = _open(number, "stream", replace(wanted, steps=steps, pace=wanted.pace.share(number, n)))
        opened = receiver, session, Borrowed(self._prepare)
        self._sessions[number] = opened
        return opened

    def take(self) -> Optional[Arrived]:
        """The next batch; None at the end. Raises what went wrong with it, after all batches before it."""
        if self._turn >= self._wanted.steps.count:
            return None
        number = self._turn % self._count
        while True:
            if self._closed or self._pid != os.getpid():
                raise wrong(
                    "STREAM_CANCELLED", "an open iterator of this process", "a closed one", "Make a new one from the loader"
                )
            receiver, session, borrowed = self._sessions[number] or self._open(number)
            message = self._ask(session, borrowed)
            if message is not None:
                break
            if self._closed:
                continue
            self._deaths += 1
            # Until it has gone, it may still seem to take sessions.
            how = receiver.ended()
            if self._deaths >= _DEATHS:
                raise _ended(how)
            _close(session)
            self._sessions[number] = None
        (kind, body), descriptor = message
        if kind == "error":
            raise body
        buffer, size, arrived = body
        self._deaths = 0
        self._turn += 1
        return replace(arrived, array=borrowed.array(buffer, descriptor, size))

    def is_ready(self) -> bool:
        """Whether something of the next batch's session is there to be read."""
        opened = self._sessions[self._turn % self._count]
        if self._closed or opened is None or self._turn >= self._wanted.steps.count:
            return False
        poll = select.poll()
        poll.register(opened[1], select.POLLIN)
        return bool(poll.poll(0))

    def _ask(self, session: socket.socket, borrowed: Borrowed) -> Any:
        try:
            send(session, borrowed.given())
            return _next(session)
        except OSError:
            return None

    def close(self) -> None:
        """Ends every session."""
        if self._pid != os.getpid():
            return
        self._closed = True
        for opened in self._sessions:
            if opened is not None:
                _close(opened[1])


def _leave(_: Any) -> Callable[[], None]:
    return lambda: None


def _page_lock(array: Any) -> Callable[[], None]:
    """Registers a buffer with CUDA, so that copies from it need no other buffer; it stays as it is where CUDA refuses."""
    cuda = torch.cuda.cudart()
    address = array.ctypes.data
    if int(cuda.cudaHostRegister(address, array.nbytes, 0)) != 0:
        return lambda: None
    return lambda: cuda.cudaHostUnregister(address) and None
