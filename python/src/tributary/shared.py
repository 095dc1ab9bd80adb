"""Memory that a receiving process fills and its trainer maps: one anonymous file for each batch that is under way.

The files have no name (memfd_create), so that nothing is left behind however a process ends, and no mount of `/dev/shm` is
needed. A batch's memory is used again once the trainer holds nothing of it any more.
"""

from __future__ import annotations

import mmap
import os
import threading
import weakref
from dataclasses import dataclass
from typing import Any, Callable, Dict, List, Optional, Set, Tuple

import numpy as np

# Whether a process here can hand memory over at all.
AVAILABLE = hasattr(os, "memfd_create")


@dataclass
class _Buffer:
    number: int
    descriptor: int
    mapping: mmap.mmap
    size: int
    is_known: bool = False


class Lent:
    """The receiving side: buffers by number, of which the trainer is told each descriptor once."""

    def __init__(self) -> None:
        # The collector may drop an array in the midst of what holds the lock, and in the same thread.
        self._lock = threading.RLock()
        self._next = 0
        self._is_closed = False
        self._spare: List[_Buffer] = []
        self._lent: Dict[int, _Buffer] = {}
        # Which buffer an array lies in; arrays are not hashable.
        self._of_array: Dict[int, _Buffer] = {}

    def take(self, size: int) -> np.ndarray[Any, Any]:
        """uint8 [size] in a buffer, which comes back by itself where the array is dropped without being lent."""
        with self._lock:
            spare = next((b for b in self._spare if b.size == size), None)
            if spare is not None:
                self._spare.remove(spare)
        buffer = spare or self._make(size)
        array = np.frombuffer(buffer.mapping, dtype=np.uint8, count=size)
        with self._lock:
            self._of_array[id(array)] = buffer
        weakref.finalize(array, self._dropped, id(array)).atexit = False
        return array

    def _make(self, size: int) -> _Buffer:
        descriptor = os.memfd_create("tributary-batch", os.MFD_CLOEXEC)
        try:
            os.ftruncate(descriptor, max(size, 1))
            mapping = mmap.mmap(descriptor, max(size, 1))
        except BaseException:
            os.close(descriptor)
            raise
        self._next += 1
        return _Buffer(self._next, descriptor, mapping, size)

    def descriptor(self, array: np.ndarray[Any, Any]) -> int:
        """The descriptor of the memory that an array lies in, from its start."""
        with self._lock:
            return self._of_array[id(array)].descriptor

    def discard(self, array: np.ndarray[Any, Any]) -> None:
        """Closes the buffer of an array that somebody else may still write."""
        with self._lock:
            buffer = self._of_array.pop(id(array))
        os.close(buffer.descriptor)

    def lend(self, array: np.ndarray[Any, Any]) -> Tuple[int, Optional[int]]:
        """The number of an array's buffer, and its descriptor where the trainer has not got it yet. `give` must follow."""
        with self._lock:
            buffer = self._of_array.pop(id(array))
            self._lent[buffer.number] = buffer
            known, buffer.is_known = buffer.is_known, True
            return buffer.number, None if known else buffer.descriptor

    def give(self, number: int, reuse: bool) -> None:
        """Takes a buffer back that the trainer has let go of; to be freed where somebody else may still see it."""
        with self._lock:
            buffer = self._lent.pop(number)
            if reuse:
                self._spare.append(buffer)
                return
        os.close(buffer.descriptor)

    def _dropped(self, array: int) -> None:
        with self._lock:
            buffer = self._of_array.pop(array, None)
            if buffer is not None and not self._is_closed:
                self._spare.append(buffer)
                return
        if buffer is not None:
            os.close(buffer.descriptor)

    def close(self) -> None:
        """Closes every descriptor; what the trainer maps stays its own."""
        with self._lock:
            # What is being received now closes its own when it is dropped.
            self._is_closed = True
            for buffer in [*self._spare, *self._lent.values()]:
                os.close(buffer.descriptor)
            self._spare, self._lent = [], {}


class Borrowed:
    """The trainer's side: arrays over the buffers of one session, and the numbers of those that it has let go of."""

    def __init__(self, prepare: Callable[[np.ndarray[Any, Any]], Callable[[], None]]):
        """`prepare` is called once for each buffer, with all of it, and gives what undoes it."""
        self._prepare = prepare
        self._mappings: Dict[int, mmap.mmap] = {}
        self._held: Set[int] = set()
        self._shared_by_fork: Set[int] = set()
        self._given: List[Tuple[int, bool]] = []
        _all.add(self)

    def array(self, number: int, descriptor: Optional[int], size: int) -> np.ndarray[Any, Any]:
        """uint8 [size], writable, in the trainer's own memory until nothing of it is held any more."""
        if descriptor is not None:
            try:
                mapping = mmap.mmap(descriptor, max(size, 1))
            finally:
                os.close(descriptor)
            self._mappings[number] = mapping
            whole = np.frombuffer(mapping, dtype=np.uint8)
            weakref.finalize(mapping, self._prepare(whole)).atexit = False
        array = np.frombuffer(self._mappings[number], dtype=np.uint8, count=size)
        self._held.add(number)
        weakref.finalize(array, self._let_go, number).atexit = False
        return array

    def given(self) -> List[Tuple[int, bool]]:
        """The buffers that were let go of since the last time, and whether they may be written again."""
        given, self._given = self._given, []
        return given

    def _let_go(self, number: int) -> None:
        self._held.discard(number)
        reuse = number not in self._shared_by_fork
        if not reuse:
            self._shared_by_fork.discard(number)
            self._mappings.pop(number, None)
        self._given.append((number, reuse))

    def forked(self) -> None:
        """A forked process sees what is held now, so it must not be written again."""
        self._shared_by_fork |= self._held


_all: weakref.WeakSet[Borrowed] = weakref.WeakSet()


def _forked() -> None:
    for borrowed in list(_all):
        borrowed.forked()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_forked)
