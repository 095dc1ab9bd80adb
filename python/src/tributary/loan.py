"""Memory of this process that a replica on the same host writes batches into, in the place of sending them.

Whether it is on the same host is the replica's to find out (`LentMemory` in the contract); one that is not sends chunks.
"""

from __future__ import annotations

import os
import struct
from typing import Any, Dict

import numpy as np

from tributary.contract import LentMemory
from tributary.errors import wrong
from tributary.shared import Lent

_PROOF_BYTES = 32
# A descriptor and its inode.
_PLACE = struct.Struct("<IQ")


class Loan:
    """The buffers that one stream's replica may write into, one for each batch. To be closed when the stream is over."""

    def __init__(self, lent: Lent, byte_size: int):
        """`byte_size` is that of each batch."""
        self._lent = lent
        self.byte_size = byte_size
        # Whether a batch that would have had room in a buffer has come in chunks.
        self.is_refused = False
        self._offered = 0
        # By descriptor, those that may be written now.
        self._offered_arrays: Dict[int, np.ndarray[Any, Any]] = {}
        self._descriptors = [os.memfd_create("tributary-offer", os.MFD_CLOEXEC)]
        proof = os.urandom(_PROOF_BYTES)
        try:
            self._descriptors.extend(os.pipe())
            os.write(self._descriptors[0], proof + _place(self._descriptors[1]))
        except BaseException:
            self.close()
            raise
        self.offer = LentMemory(process=os.getpid(), descriptor=self._descriptors[0], proof=proof, byte_size=byte_size)

    def reach(self, count: int) -> None:
        """Lends so many buffers in all: one that was filled counts."""
        while self._offered < count:
            array = self._lent.take(self.byte_size)
            descriptor = self._lent.descriptor(array)
            self._offered_arrays[descriptor] = array
            os.write(self._descriptors[2], _place(descriptor))
            self._offered += 1

    def filled(self, descriptor: int) -> np.ndarray[Any, Any]:
        """uint8 [byte_size], which the replica has written and does not write any more."""
        array = self._offered_arrays.pop(descriptor, None)
        if array is None:
            came = f"descriptor {descriptor}"
            raise wrong("INTERNAL", "a buffer that was lent", came, "The replica breaks the contract: stop it")
        return array

    def close(self) -> None:
        """Takes back what was not filled. The replica may be writing it yet, so it is not used again."""
        while self._descriptors:
            os.close(self._descriptors.pop())
        for array in self._offered_arrays.values():
            self._lent.discard(array)
        self._offered_arrays.clear()


def _place(descriptor: int) -> bytes:
    return _PLACE.pack(descriptor, os.fstat(descriptor).st_ino)
