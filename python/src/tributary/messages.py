"""Messages between a trainer and its receiving process, over a socket that only these two have."""

from __future__ import annotations

import pickle
import socket
import struct
from typing import Any, List, Optional, Tuple

_PREFIX = struct.Struct("<IB")


def send(to: socket.socket, message: Any, descriptor: Optional[int] = None) -> None:
    """Sends what pickle can hold, and a file descriptor. BrokenPipeError where the other side is gone."""
    body = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    prefix = _PREFIX.pack(len(body), descriptor is not None)
    if descriptor is None:
        to.sendall(prefix + body)
        return
    # The descriptor comes with the prefix's first byte, and so is the message's own.
    sent = socket.send_fds(to, [prefix], [descriptor])
    to.sendall(prefix[sent:] + body)


def receive(from_: socket.socket) -> Optional[Tuple[Any, Optional[int]]]:
    """The next message and its descriptor; None where the other side has ended."""
    try:
        prefix, descriptors, _, _ = socket.recv_fds(from_, _PREFIX.size, 1)
        if not prefix:
            return None
        prefix += _exactly(from_, _PREFIX.size - len(prefix))
        size, _ = _PREFIX.unpack(prefix)
        return pickle.loads(_exactly(from_, size)), (descriptors[0] if descriptors else None)
    except (ConnectionError, EOFError):
        return None


def _exactly(from_: socket.socket, size: int) -> bytes:
    parts: List[bytes] = []
    while size > 0:
        part = from_.recv(size)
        if not part:
            raise EOFError
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
