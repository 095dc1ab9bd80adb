"""Which epoch the next iteration streams, as every process that iterates one loader knows it.

An iteration is what one `iter` of the loader, or of the DataLoader around it, goes through. In a DataLoader with workers, each
worker process iterates its own copy of the loader, and the main process iterates none: so the numbers lie in memory
that all of them share, and the first worker that begins decides for its siblings.
"""

from __future__ import annotations

import fcntl
import os
import struct
import tempfile
import weakref
from contextlib import contextmanager
from multiprocessing import reduction
from multiprocessing.context import get_spawning_popen
from typing import Any, Dict, Iterator, NamedTuple, Optional, Set, Tuple

from tributary.batch import torch

# Siblings beyond so many are told apart by the iteration's numbers alone.
_SIBLINGS = 62

_NUMBERS = struct.Struct("10q")


class Worker(NamedTuple):
    """One worker's part in one iteration: `seed` is the DataLoader's for these workers, `iteration` how often they have begun
    one.
    """

    seed: int
    iteration: int
    number: int


class Epochs:
    """The next iteration's epoch and first step, and those of the one that has begun last."""

    # Of the next iteration: epoch, step, whether set_epoch named it. Of the latest of workers: its two numbers, who has joined
    # it, epoch, step. Whether any iteration has begun, and whether the first one repeats another loader's.
    _FIELDS = ("epoch", "step", "named", "seed", "iteration", "joined", "begun_epoch", "begun_step", "begun", "again")

    def __init__(self, epoch: int, share: str = "", is_named: bool = True):
        """`share` says what is streamed, and `is_named` whether somebody has named the first epoch; see `begins_again`."""
        again = share in _begun or any(e.share == share and e._read()["begun"] for e in list(_all))
        self._open(_memory(), share)
        self._write(epoch=epoch, again=int(again and not is_named))

    def _open(self, descriptor: int, share: str = "") -> None:
        self._descriptor = descriptor
        self._owner = os.getpid()
        self.share = share
        weakref.finalize(self, _close, descriptor, share)
        _all.add(self)

    def _read(self) -> Dict[str, int]:
        return _numbers(self._descriptor)

    def _write(self, **numbers: int) -> None:
        numbers = {**self._read(), **numbers}
        os.pwrite(self._descriptor, _NUMBERS.pack(*(numbers[name] for name in self._FIELDS)), 0)

    @property
    def epoch(self) -> int:
        """The epoch of the next iteration."""
        return self.peek(None)[0]

    def set(self, epoch: int, step: int, named: bool) -> None:
        """Sets where the next iteration begins; `named` where that epoch is meant even if nothing of it is left."""
        with self._locked():
            self._write(epoch=epoch, step=step, named=int(named), again=0)

    def begins_again(self) -> bool:
        """Whether the iteration that begins now repeats an epoch that another loader of the same share has begun in this
        process, though nobody has named one. Told once.
        """
        with self._locked():
            again = bool(self._read()["again"])
            if again:
                self._write(again=0)
            return again

    def peek(self, worker: Optional[Worker]) -> Tuple[int, int]:
        """Epoch and step at which an iteration that has not begun would begin now."""
        with self._locked():
            now = self._read()
            if _is_joined(now, worker):
                return now["begun_epoch"], now["begun_step"]
            return now["epoch"], now["step"]

    def begin(self, worker: Optional[Worker], steps: int) -> Tuple[int, int]:
        """Begins an iteration of an epoch of `steps`, or joins that of a worker's siblings: its epoch and first step. The
        one after it has the next epoch.
        """
        with self._locked():
            now = self._read()
            if worker is not None and _is_joined(now, worker):
                self._write(joined=now["joined"] | _bit(worker))
                return now["begun_epoch"], now["begun_step"]
            epoch, step = now["epoch"], now["step"]
            if step >= steps and not now["named"]:
                # The state of an epoch's end: what is left to stream is the next epoch.
                epoch, step = epoch + 1, 0
            self._write(epoch=epoch + 1, step=0, named=0, begun=1)
            if worker is not None:
                begun = {"begun_epoch": epoch, "begun_step": step}
                self._write(seed=worker.seed, iteration=worker.iteration, joined=_bit(worker), **begun)
            return epoch, step

    def resume(self, epoch: int) -> None:
        """Notes that a worker goes on in an epoch by a state of its own; its siblings do so too. An epoch that
        was named for the iteration after it stays.
        """
        with self._locked():
            now = self._read()
            if not (now["named"] and now["epoch"] != epoch):
                self._write(epoch=epoch + 1, step=0, named=0, begun=1)
            self._write(again=0)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.settle()
        fcntl.lockf(self._descriptor, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.lockf(self._descriptor, fcntl.LOCK_UN)

    def settle(self) -> None:
        """Parts from the process that this one is from, unless it is a DataLoader's worker: another rank counts by itself."""
        if self._owner == os.getpid():
            return
        self._owner = os.getpid()
        if torch is None or torch.utils.data.get_worker_info() is None:
            numbers = self._read()
            self._open(_memory(), self.share)
            self._write(**numbers)

    def __reduce__(self) -> Any:
        if get_spawning_popen() is None:
            with self._locked():
                return _copied, (self._read(),)
        self.settle()
        return _shared, (reduction.DupFd(self._descriptor), self._owner)


def _copied(numbers: Dict[str, int]) -> Epochs:
    epochs = Epochs(0)
    epochs._write(**numbers)
    return epochs


def _shared(duplicate: Any, owner: int) -> Epochs:
    epochs = Epochs.__new__(Epochs)
    epochs._open(duplicate.detach())
    epochs._owner = owner
    return epochs


def _memory() -> int:
    """A descriptor of memory that other processes can be given. Not in /dev/shm, which may be full, small or read-only."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("tributary-epochs")
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    return descriptor


def _is_joined(now: Dict[str, int], worker: Optional[Worker]) -> bool:
    """Whether a worker's siblings have begun the iteration that it has not begun yet."""
    return worker is not None and (now["seed"], now["iteration"]) == worker[:2] and not now["joined"] & _bit(worker)


def _bit(worker: Worker) -> int:
    return 1 << worker.number if worker.number < _SIBLINGS else 0


def _numbers(descriptor: int) -> Dict[str, int]:
    raw = os.pread(descriptor, _NUMBERS.size, 0) or bytes(_NUMBERS.size)
    return dict(zip(Epochs._FIELDS, _NUMBERS.unpack(raw)))


def _close(descriptor: int, share: str) -> None:
    if share and _numbers(descriptor)["begun"]:
        _begun.add(share)
    os.close(descriptor)


_all: weakref.WeakSet[Epochs] = weakref.WeakSet()
# Of loaders that are gone: what they had begun to stream.
_begun: Set[str] = set()


def _settle_all() -> None:
    # Workers are forked off their own rank, whose numbers must be its own by then.
    if torch is None or torch.utils.data.get_worker_info() is None:
        for epochs in list(_all):
            epochs.settle()


os.register_at_fork(before=_settle_all)
