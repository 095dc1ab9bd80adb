"""Copies to a CUDA device on a stream of their own, one batch ahead of the trainer."""

from __future__ import annotations

from typing import Any, Callable, Optional, Union

from tributary.batch import Arrived, Batch, torch

# Begins the copy of a batch; what it gives ends it, and gives the copy.
Begin = Callable[[Batch], Callable[[], Batch]]


def copies_to(device: Any) -> Begin:
    """What copies batches to a CUDA device beside what the device computes. Once a copy is ended, work that the trainer puts on
    its current stream waits for it.
    """
    stream = torch.cuda.Stream(device)

    def begin(batch: Batch) -> Callable[[], Batch]:
        with torch.cuda.stream(stream):
            moved = batch.to(device)
            copied = stream.record_event()

        def end() -> Batch:
            current = torch.cuda.current_stream(device)
            current.wait_event(copied)
            for tensor in (*moved.views.values(), moved.labels):
                # The memory was taken for the copying stream, and is used on the trainer's.
                tensor.record_stream(current)
            return moved

        return end

    return begin


class Ahead:
    """The batches of an iteration on a device: with each that is taken, the copy of the next is begun where that has arrived
    already. Nobody is made to wait for the next one. `lanes` is closed with it.
    """

    def __init__(self, lanes: Any, finish: Callable[[Arrived], Batch], begin: Begin):
        self._lanes = lanes
        self._finish = finish
        self._begin_copy = begin
        self._next: Optional[Union[Callable[[], Batch], Exception]] = None

    def _begin(self) -> Optional[Union[Callable[[], Batch], Exception]]:
        try:
            arrived = self._lanes.take()
            return None if arrived is None else self._begin_copy(self._finish(arrived))
        except Exception as error:  # it belongs to the batch that it came in the place of
            return error

    def take(self) -> Optional[Batch]:
        """The next batch; None at the end. Raises what went wrong with it, after all batches before it."""
        now = self._next if self._next is not None else self._begin()
        self._next = None
        if isinstance(now, Exception):
            raise now
        if now is None:
            return None
        batch = now()
        if self._lanes.is_ready():
            self._next = self._begin()
        return batch

    def close(self) -> None:
        """Ends every stream."""
        self._next = None
        self._lanes.close()
