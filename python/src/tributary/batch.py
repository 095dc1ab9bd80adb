"""A batch as a trainer holds it, and how it is put together from the parts of a stream."""

from __future__ import annotations

import json
import os
import zlib
from collections import deque
from dataclasses import dataclass, field, replace
from typing import Any, Callable, Deque, Dict, NamedTuple, Optional, Tuple, Union, cast

import numpy as np

from tributary.errors import TributaryError, wrong

try:
    if os.environ.get("TRIBUTARY_TORCH") == "0":
        raise ImportError
    import torch as _torch
except ImportError:  # torch is optional: without it, or where it is not wanted, batches hold numpy arrays
    _torch = None
torch: Any = cast(Any, _torch)

_NUMPY: Dict[int, np.dtype[Any]] = {1: np.dtype("u1"), 2: np.dtype("<f4"), 3: np.dtype("<f2"), 4: np.dtype("<u2")}


# The group of a sample's only view.
ONLY_VIEW = "image"

# The label of a sample that has no class, as in images of a source without labels: what a loss is told to ignore.
IGNORE = -1


class Box(NamedTuple):
    """A box of pixels: first row, first column, rows, columns."""

    top: int
    left: int
    height: int
    width: int


class Address(NamedTuple):
    """What decides a batch, beside its run."""

    epoch: int
    step: int
    rank: int
    world_size: int


@dataclass(frozen=True)
class Sample:
    """One slot of a batch: where its image is from, its seed, and what became of it.

    `label` is None where the source has no classes; `erase` is the box of RandomErasing, or None; `status` is `ok` or
    `substituted`, and then `corrupt_keys` and `corrupt_reasons` say what could not be decoded. `drawn` is JSON,
    where `with_drawn` was asked for; `text` and `json` are what lies beside a tar member, where `with_text` was. `columns`
    is what the columns that the source's config names say of it, by their names; None where they say nothing.
    """

    source: str
    key: str
    seed: int
    pass_: int
    label: Optional[int]
    class_name: str
    erase: Optional[Box]
    status: str
    corrupt_keys: Tuple[str, ...] = ()
    corrupt_reasons: Tuple[str, ...] = ()
    drawn: str = ""
    text: Optional[str] = None
    json: Optional[str] = None
    columns: Optional[Dict[str, Any]] = field(default=None, hash=False)


class Masks(NamedTuple):
    """What iBOT hides of the images of one group.

    `hidden` is bool [n * count, side, side], a tensor or a numpy array; `upperbound` is no less than the number that is hidden.
    """

    hidden: Any
    upperbound: int


class Part(NamedTuple):
    """Where the views of one group lie in a batch's bytes, and the masks of the run for it: side, bits and upperbound."""

    name: str
    shape: Tuple[int, ...]
    offset: int
    byte_size: int
    masks: Optional[Tuple[int, bytes, int]] = None

    def read_masks(self) -> Optional[Masks]:
        """The masks as arrays; None where the run has none for the group."""
        if self.masks is None:
            return None
        side, bits, upperbound = self.masks
        count = self.shape[0] * side * side
        flat = np.unpackbits(np.frombuffer(bits, dtype=np.uint8), count=count, bitorder="little").astype(bool)
        hidden = flat.reshape(self.shape[0], side, side)
        return Masks(hidden if torch is None else torch.from_numpy(hidden), upperbound)


@dataclass
class Batch:
    """One rank's share of a global batch.

    `views` has a tensor for each group of views by its name: [n * count, height, width, 3], the first view of every sample
    before the second, or all views of a sample in a row where `view_order` asked for that. Where there is one group, `images`
    is its tensor; where there are several, it is None. Where samples have one view, the group is called `image`.

    `images` is a tensor (or a numpy array where torch is not installed) in the layout and type that were asked for:
    uint8 [n, height, width, 3] by default; writable and contiguous. bfloat16 comes as uint16 in numpy, which has no such type.
    `labels` is int64 [n], places in `Loader.describe().class_names`; `IGNORE`, -1, where a sample has none.
    `cursor` is the server's name of the step after this one.
    `mean` and `std` are the run's, for `tributary.normalize`. `seed` is for what the trainer draws itself.
    """

    images: Any
    labels: Any
    samples: Tuple[Sample, ...]
    address: Address
    cursor: str
    run: str
    fingerprint: str
    layout: str
    steps_per_epoch: int
    crc32: int
    mean: Tuple[float, ...]
    std: Tuple[float, ...]
    given_seed: Optional[int] = None
    # Whether a replica has normalised and erased the images: those of another type than uint8.
    normalised: bool = False
    # The tensors of a run of several views; empty where a sample has one.
    groups: Dict[str, Any] = field(default_factory=dict)
    # What is hidden of the groups for which the run has masks; on the CPU.
    masks: Dict[str, Masks] = field(default_factory=dict)

    @property
    def views(self) -> Dict[str, Any]:
        """The tensors by the names of the groups of views."""
        return self.groups or {ONLY_VIEW: self.images}

    @property
    def seed(self) -> int:
        """32 bits of the run's seed, epoch, step and rank, for what the trainer draws itself: mixup, masks. torch, numpy and
        random take it as it is. INTERNAL where the replica is of a version that sends none.
        """
        if self.given_seed is None:
            raise wrong(
                "INTERNAL",
                "a header with the seed of its batch",
                "none: the replica is of an older version",
                "Bring all replicas to a version that sends it, or derive a seed of your own from the address",
            )
        return self.given_seed

    def __len__(self) -> int:
        return len(self.samples)

    def state_dict(self) -> Dict[str, Any]:
        """The state after this batch, for `Loader.load_state_dict`: what to save when worker processes read ahead."""
        return make_state(self.run, self.fingerprint, self.address.epoch, self.address.step + 1, self.cursor)

    def to(self, device: Any = None, dtype: Any = None, non_blocking: bool = True) -> Batch:
        """The same batch with images and labels on a device, and images of another type where `dtype` is one. That changes the
        type alone: uint8 becomes 0.0 to 255.0, and `tributary.normalize` is what normalises.
        """
        if dtype is None and isinstance(device, torch.dtype):
            device, dtype = None, device
        move = {"device": device, "non_blocking": non_blocking}
        moved = replace(self.with_views(lambda images: images.to(dtype=dtype, **move)), labels=self.labels.to(**move))
        for name, images in self.views.items():
            if moved.views[name].is_cuda and not images.is_cuda and images.is_pinned():
                _hold_until_copied(images, moved.views[name].device)
        return moved

    def with_views(self, change: Callable[[Any], Any]) -> Batch:
        """The same batch with what `change` makes of each tensor."""
        changed = {name: change(images) for name, images in self.views.items()}
        only = next(iter(changed.values())) if len(changed) == 1 else None
        return replace(self, images=only, groups=changed if self.groups else {})

    def pin_memory(self) -> Batch:
        """The same batch in page-locked memory; what DataLoader(pin_memory=True) calls."""
        return replace(self.with_views(lambda images: images.pin_memory()), labels=self.labels.pin_memory())


# Page-locked images that a device may still be reading, in the order of their copies.
_held: Deque[Tuple[Any, Any]] = deque()


def _hold_until_copied(images: Any, device: Any) -> None:
    """Keeps memory until its copy is over: whoever lent it writes it again once nobody holds it."""
    event = torch.cuda.Event()
    event.record(torch.cuda.current_stream(device))
    _held.append((event, images))
    while _held[0][0].query():
        _held.popleft()
        if not _held:
            break


def make_state(run: str, fingerprint: str, epoch: int, step: int, cursor: str) -> Dict[str, Any]:
    """A loader's state: plain values, so that JSON and torch.save both hold it. `step` is the next one to yield."""
    return {"version": 1, "run": run, "fingerprint": fingerprint, "epoch": epoch, "step": step, "cursor": cursor}


@dataclass
class Arrived:
    """A whole batch that has been checked, before it is a trainer's: plain values, and its tensor's bytes as they came."""

    array: Optional[np.ndarray[Any, Any]]
    data_type: int
    shape: Tuple[int, ...]
    labels: np.ndarray[Any, Any]
    samples: Tuple[Sample, ...]
    address: Address
    cursor: str
    run: str
    fingerprint: str
    layout: str
    steps_per_epoch: int
    crc32: int
    seed: Optional[int]
    # The tensors of several groups of views; empty where a sample has one view.
    parts: Tuple[Part, ...] = ()

    def batch(self, mean: Tuple[float, ...], std: Tuple[float, ...]) -> Batch:
        """The trainer's batch, over the same memory."""
        groups = {part.name: self._tensor(part.shape, part.offset, part.byte_size) for part in self.parts}
        masks = {part.name: part.read_masks() for part in self.parts}
        only = self._tensor(self.shape, 0, None) if not groups else next(iter(groups.values()))
        return Batch(
            images=only if len(groups) < 2 else None,
            groups=groups,
            masks={name: hidden for name, hidden in masks.items() if hidden is not None},
            labels=self.labels if torch is None else torch.from_numpy(self.labels),
            samples=self.samples,
            address=self.address,
            cursor=self.cursor,
            run=self.run,
            fingerprint=self.fingerprint,
            layout=self.layout,
            steps_per_epoch=self.steps_per_epoch,
            crc32=self.crc32,
            mean=mean,
            std=std,
            given_seed=self.seed,
            normalised=self.data_type != 1,
        )

    def _tensor(self, shape: Tuple[int, ...], offset: int, byte_size: Optional[int]) -> Any:
        assert self.array is not None
        array = self.array if byte_size is None else self.array[offset : offset + byte_size]
        if torch is None:
            return array.view(_NUMPY[self.data_type]).reshape(shape)
        kinds = {1: torch.uint8, 2: torch.float32, 3: torch.float16, 4: torch.bfloat16}
        return torch.from_numpy(array).view(kinds[self.data_type]).view(shape)


def heap(pin_memory: bool = False) -> Callable[[int], np.ndarray[Any, Any]]:
    """What makes uint8 [size] in this process' own memory, page-locked where asked for."""
    if torch is None:
        return lambda size: np.empty(size, dtype=np.uint8)
    return lambda size: torch.empty(size, dtype=torch.uint8, pin_memory=pin_memory).numpy()


class PartialBatch:
    """A batch while it arrives: each chunk is copied once, to where it stays, and counted into the CRC-32."""

    def __init__(self, header: Any, take: Callable[[int], np.ndarray[Any, Any]]):
        """`take` makes uint8 [size], where the tensor is to lie."""
        kind = _NUMPY.get(header.data_type)
        size = header.byte_size
        item = kind.itemsize if kind else 0
        self._parts = tuple(_part(view) for view in header.views)
        whole = [Part(ONLY_VIEW, tuple(header.shape), 0, size)]
        if kind is None or any(
            int(np.prod(p.shape, dtype=np.int64)) * item != p.byte_size or p.offset + p.byte_size > size
            for p in self._parts or whole
        ):
            raise wrong(
                "INTERNAL",
                "a header whose shape and type give its byte_size",
                f"{list(header.shape)} of type {header.data_type} and {header.byte_size} bytes",
                "The replica and this client do not speak the same contract: bring both to one version",
            )
        self.header = header
        self._take = take
        self._size = size
        self._crc = 0
        self._filled = 0
        self._array: Optional[np.ndarray[Any, Any]] = None

    def add(self, offset: int, data: Union[bytes, memoryview]) -> None:
        """Takes a chunk; CRC_MISMATCH where it does not follow the one before."""
        if self._array is None:
            self._array = self._take(self._size)
        end = offset + len(data)
        if offset != self._filled or end > self._size:
            raise self.damaged(f"a chunk at byte {offset}")
        self._array.data[offset:end] = data
        self._crc = zlib.crc32(data, self._crc)
        self._filled = end

    def fill(self, array: np.ndarray[Any, Any]) -> None:
        """Takes the whole tensor, which lies where it stays."""
        if self._array is not None or array.size != self._size:
            raise self.damaged(f"a tensor of {array.size} bytes after {self._filled}")
        self._array = array
        self._crc = zlib.crc32(array.data)
        self._filled = self._size

    def finish(self, crc32: int) -> Arrived:
        """The whole batch; CRC_MISMATCH where its bytes are not those that were sent."""
        header, a = self.header, self.header.address
        if self._filled != self._size or self._crc != crc32:
            raise self.damaged(f"CRC-32 {self._crc:08x} of {self._filled} bytes")
        # Of no bytes there is no chunk.
        array = self._take(0) if self._array is None else self._array
        columns = header.columns or [""] * len(header.samples)
        samples = tuple(_sample(*one) for one in zip(header.samples, columns))
        return Arrived(
            array=array,
            data_type=header.data_type,
            shape=tuple(header.shape),
            labels=np.array([IGNORE if s.label is None else s.label for s in samples], dtype=np.int64),
            samples=samples,
            address=Address(a.epoch, a.step, a.rank, a.world_size),
            cursor=header.next_cursor,
            run=header.run,
            fingerprint=header.fingerprint,
            layout="nchw" if header.layout == 2 else "nhwc",
            steps_per_epoch=header.steps_per_epoch,
            crc32=crc32,
            seed=header.seed if header.HasField("seed") else None,
            parts=self._parts,
        )

    def damaged(self, came: str) -> TributaryError:
        """CRC_MISMATCH: what came is not what was sent."""
        address = self.header.address
        return wrong(
            "CRC_MISMATCH",
            f"{self._size} bytes of step {address.step} as their trailer has them",
            came,
            "Ask for the step again; if it persists, check the network and the memory of the machines between",
            epoch=str(address.epoch),
            step=str(address.step),
        )


def _part(view: Any) -> Part:
    masks = (view.masks.side, view.masks.bits, view.masks.upperbound) if view.HasField("masks") else None
    return Part(view.name, tuple(view.shape), view.offset, view.byte_size, masks)


def _sample(sample: Any, columns: str) -> Sample:
    erase = sample.erase
    return Sample(
        source=sample.source,
        key=sample.key,
        seed=sample.seed,
        pass_=getattr(sample, "pass"),
        label=sample.label if sample.HasField("label") else None,
        class_name=sample.class_name,
        erase=Box(erase.top, erase.left, erase.height, erase.width) if sample.HasField("erase") else None,
        status="substituted" if sample.status == 2 else "ok",
        corrupt_keys=tuple(sample.corrupt_keys),
        corrupt_reasons=tuple(sample.corrupt_reasons),
        drawn=sample.drawn,
        text=sample.text if sample.HasField("text") else None,
        json=sample.json if sample.HasField("json") else None,
        columns=json.loads(columns) if columns else None,
    )
