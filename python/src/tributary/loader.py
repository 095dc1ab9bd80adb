"""The loader: batches of a run, in order, as PyTorch and plain Python iterate."""

from __future__ import annotations

import logging
import os
import sys
import weakref
from typing import Any, Dict, Iterator, Mapping, Optional, Sequence, Set, Tuple, Union

from tributary import behaviour, contract, receiver
from tributary.batch import Arrived, Batch, heap, make_state, torch
from tributary.copies import Ahead, copies_to
from tributary.credentials import Credentials
from tributary.dataloader import DataLoader, Sampler, refuse_collation, refuse_sharding, sharded
from tributary.epochs import Epochs, Worker
from tributary.errors import other_fingerprint, wrong
from tributary.formats import FORMATS, formatted
from tributary.lanes import Lanes
from tributary.parent import end_with_parent
from tributary.ranks import checked, claim, of_launcher, of_process_group, worker_and_count
from tributary.receiver import Received
from tributary.replicas import Options, Replicas, Target, endpoints
from tributary.run import RunDescription, described, selector
from tributary.wanted import Pace, Steps, Wanted

log = logging.getLogger("tributary")

_Base: Any = object if torch is None else torch.utils.data.IterableDataset


class Loader(_Base):
    """Streams the batches of one run for one rank.

    A `torch.utils.data.IterableDataset` where torch is installed, and an iterable of `Batch` in any case. `target` is a
    DNS name for all replicas (`dns:///loader:50051`) or a list of addresses; see docs/python.md for every argument.
    Nothing is connected before the first use. Errors are `TributaryError`.
    """

    def __init__(
        self,
        target: Target,
        run: Optional[str] = None,
        *,
        inline_run: Optional[str] = None,
        split: Optional[str] = None,
        evaluate: Optional[bool] = None,
        rank: Optional[int] = None,
        world_size: Optional[int] = None,
        epoch: Optional[int] = None,
        data_type: str = "uint8",
        layout: str = "nhwc",
        view_order: str = "view_major",
        batch_format: str = "batch",
        prefetch: int = behaviour.PREFETCH,
        lanes: int = behaviour.LANES,
        lease: int = behaviour.LEASE,
        budget_bytes: int = behaviour.BUDGET_BYTES,
        device: Any = None,
        pin_memory: bool = False,
        receivers: Optional[int] = None,
        fingerprint: str = "",
        with_drawn: bool = False,
        with_text: bool = False,
        credentials: Optional[Credentials] = None,
        channel_options: Sequence[Tuple[str, Any]] = (),
        connect_timeout: float = behaviour.CONNECT_TIMEOUT,
        stall_timeout: float = behaviour.STALL_TIMEOUT,
        patience: float = behaviour.PATIENCE,
        hedge_factor: float = behaviour.HEDGE_FACTOR,
        hedge_seconds: float = behaviour.HEDGE_SECONDS,
        resolve_interval: float = behaviour.RESOLVE_INTERVAL,
    ):
        endpoints(target)
        self._selector = selector(run, inline_run, split, evaluate).SerializeToString()
        for name, value, known in (
            ("data_type", data_type, contract.DATA_TYPES),
            ("layout", layout, contract.LAYOUTS),
            ("view_order", view_order, contract.VIEW_ORDERS),
            ("batch_format", batch_format, FORMATS),
        ):
            if value not in known:
                raise wrong("ARGUMENT_INVALID", f"a {name} of {', '.join(known)}", repr(value), f"Set {name}")
        counts = {"prefetch": (prefetch, 0), "lanes": (lanes, 0), "receivers": (receivers or 0, 0)}
        for name, (number, least) in {**counts, "lease": (lease, 1), "budget_bytes": (budget_bytes, 1)}.items():
            if number < least:
                raise wrong("ARGUMENT_INVALID", f"{name} of {least} or more", str(number), f"Raise {name}")
        if (device is not None or pin_memory) and torch is None:
            raise wrong("ARGUMENT_INVALID", "torch, for device and pin_memory", "no torch", "Install torch")
        self._given_ranks = checked(rank, world_size)
        self._group_ranks: Optional[Tuple[int, int]] = None
        self._claimed: Set[Tuple[int, int]] = set()
        self.run = run or ""
        self._target = target
        self._data_type = data_type
        self._layout = layout
        self._view_order = view_order
        self._batch_format = batch_format
        self._device = device
        self._pin_memory = pin_memory
        self._receivers = receivers
        self._with = {"with_drawn": with_drawn, "with_text": with_text}
        self._options = Options(credentials, tuple(channel_options), connect_timeout, patience, resolve_interval)
        self._pace = Pace(prefetch, prefetch, lanes, lease, stall_timeout, hedge_factor, hedge_seconds)
        self._budget_bytes = budget_bytes
        self._wanted_fingerprint = fingerprint
        self._description: Optional[RunDescription] = None
        share = repr((self._selector, self._given_ranks))
        self._epochs = Epochs(_checked_epoch(epoch or 0), share, is_named=epoch is not None)
        # How often this process has begun to iterate: one of the numbers by which sibling workers know their iteration.
        self._iterations = 0
        # Where a worker process was told to go on, by a state of its own.
        self._worker_start: Optional[Tuple[int, int]] = None
        self._loaded = False
        self._state: Optional[Dict[str, Any]] = None
        self._streams: weakref.WeakSet[BatchIterator] = weakref.WeakSet()

    def __enter__(self) -> Loader:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    # What is asked of a Dataset ---------------------------------------------------------------------------------------

    def __len__(self) -> int:
        """Steps of an epoch: every rank has a share of each."""
        return self.describe().steps_per_epoch

    def __iter__(self) -> Iterator[Any]:
        """The batches of the next epoch, from where the loaded state says. In a DataLoader's worker w of n, every n-th step
        from the w-th on, so that the DataLoader's round robin gives the steps in order. What epoch it is, is decided
        with the first batch that is asked for. `batch_format` says what a batch is.
        """
        refuse_collation(sys._getframe(1))
        refuse_sharding(self)
        self._iterations += 1
        worker = self._worker()
        if not self._loaded or (worker is not None and self._worker_start is None):
            self._state = None
        return BatchIterator(self, worker)

    @property
    def epoch(self) -> int:
        """The epoch that is being streamed; between two iterations, the one that the next streams."""
        streamed = [stream.epoch for stream in self._streams if stream.epoch is not None]
        return max(streamed) if streamed else self._epochs.epoch

    def set_epoch(self, epoch: int) -> None:
        """Sets the epoch of the next iteration, which is otherwise the one after the latest. A loaded state stays in force
        where it is of this epoch.
        """
        if self._loaded and _checked_epoch(epoch) == self._epochs.epoch:
            self._epochs.set(epoch, self._epochs.peek(None)[1], named=True)
            return
        self._epochs.set(_checked_epoch(epoch), 0, named=True)
        self._loaded = False
        if all(stream.epoch is None for stream in self._streams):
            self._state = None

    @property
    def sampler(self) -> Sampler:
        """What hears `set_epoch` from trainers that tell it to a sampler alone, as Lightning and timm do."""
        return Sampler(self)

    def dataloader(self) -> DataLoader:
        """A torch DataLoader that yields what this loader yields, for trainers that take nothing else. Without worker
        processes: the receiver reads ahead.
        """
        if torch is None:
            raise wrong(
                "ARGUMENT_INVALID", "torch, for a DataLoader", "no torch", "Install torch, or iterate the loader itself"
            )
        return DataLoader(self)

    @property
    def generator(self) -> Any:
        """None. Accelerate looks here when it is about to share a dataset out among ranks, and is refused."""
        if sys._getframe(1).f_globals.get("__name__") == "accelerate.data_loader":
            raise sharded("one that takes every n-th batch of it")
        return None

    def state_dict(self) -> Dict[str, Any]:
        """Where the last batch that was yielded leaves off: run, fingerprint, epoch, next step and cursor.

        Plain values, the same for every rank. After the last batch of an epoch, and while its loop still runs, the
        next step is the epoch's end; once the loop is over it is the next epoch's first.
        """
        if self._state is not None:
            return dict(self._state)
        worker = self._worker()
        epoch, step = self._worker_start or self._epochs.peek(worker)
        if worker is not None and self._worker_start is None:
            step += worker.number
        return self._state_of(epoch, step, "")

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Makes the next iteration begin where a state left off, with any world size; after an epoch's end, with the next
        epoch. CURSOR_INVALID for what is no state.
        """
        try:
            version, epoch, step = state["version"], int(state["epoch"]), int(state["step"])
        except (KeyError, TypeError, ValueError):
            version, epoch, step = None, 0, 0
        if version != 1 or epoch < 0 or step < 0:
            raise wrong("CURSOR_INVALID", "a state of Loader.state_dict", repr(state), "Load what was saved")
        number, count = worker_and_count()
        if int(state.get("worker_count", count)) != count or int(state.get("worker", number)) != number:
            raise wrong(
                "CURSOR_INVALID",
                f"the state of worker {number} of {count}",
                f"that of {state.get('worker')} of {state.get('worker_count')}",
                "Use as many workers as when the state was saved, or save Batch.state_dict()",
            )
        known = self._fingerprint()
        saved = str(state.get("fingerprint", ""))
        if known and saved and known != saved:
            raise other_fingerprint(saved, known)
        self._wanted_fingerprint = saved or self._wanted_fingerprint
        if self._worker() is None:
            self._epochs.set(epoch, step, named=False)
        else:
            # A worker's own state names a step of this worker; any other one, the step of the first worker. Its siblings
            # load theirs.
            self._worker_start = epoch, step if "worker" in state else step + number
            self._epochs.resume(epoch)
        self._loaded = True
        self._state = dict(state)

    def _worker(self) -> Optional[Worker]:
        """This process' part in the iteration that has begun last, or begins now; None outside a DataLoader's workers."""
        info = torch.utils.data.get_worker_info() if torch is not None else None
        return None if info is None else Worker(info.seed - info.id, self._iterations, info.id)

    def _state_of(self, epoch: int, step: int, cursor: str) -> Dict[str, Any]:
        state = make_state(self.run, self._fingerprint(), epoch, step, cursor)
        number, count = worker_and_count()
        if count > 1:
            state.update(worker=number, worker_count=count)
        return state

    # Which share of a batch -------------------------------------------------------------------------------------------

    @property
    def rank(self) -> int:
        """This process' rank: as given, else as it is found now."""
        return self._ranks()[0]

    @property
    def world_size(self) -> int:
        """The number of ranks: as given, else as it is found now."""
        return self._ranks()[1]

    def _ranks(self) -> Tuple[int, int]:
        # Asked at each use: a loader may be made before its process group, or in a process that has none.
        return self._given_ranks or of_process_group() or self._group_ranks or of_launcher(os.environ)

    def _claim(self) -> None:
        """Finds out, once, whether another process of the group streams the same share."""
        ranks = self._ranks()
        if ranks not in self._claimed:
            claim(self.fingerprint, *ranks)
            self._claimed.add(ranks)

    # What is asked of the replicas ------------------------------------------------------------------------------------

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the run: every batch is of this one."""
        return self.describe().fingerprint

    def describe(self) -> RunDescription:
        """What the run is. Asked for once; all replicas that answer must agree on the fingerprint."""
        if self._description is None:
            answers = receiver.ask(
                self._target,
                self._options,
                f"/{contract.LOADER_SERVICE}/DescribeRun",
                contract.DescribeRunRequest(run=self._selected()),
                contract.DescribeRunResponse,
                f"run {self.run or 'inline'}",
                behaviour.ASKED_FIRST,
            )
            found = {address: answer.fingerprint for address, answer in answers}
            wanted = self._wanted_fingerprint
            fitting = [answer for _, answer in answers if wanted in ("", answer.fingerprint)]
            if not fitting:
                raise other_fingerprint(wanted, next(iter(found.values())))
            if len({answer.fingerprint for answer in fitting}) > 1:
                listed = ", ".join(f"{address}: {value}" for address, value in sorted(found.items()))
                raise wrong(
                    "FINGERPRINT_MISMATCH",
                    "replicas of one run",
                    listed,
                    "Bring all replicas to one config, or name the fingerprint that you want",
                    **found,
                )
            self._description = described(fitting[0])
        return self._description

    def fetch(self, epoch: int, step: int) -> Batch:
        """One batch, from any replica: the same bytes as in its epoch. Leaves the loader's place alone."""
        lanes = self._stream(self._replicas(), Steps(epoch, step, 1, 1))
        try:
            batch = lanes.take()
            assert batch is not None
            return self._on_device(batch)
        finally:
            lanes.close()

    def _selected(self) -> Any:
        # Kept as bytes, which worker processes of every kind can be given.
        return contract.RunSelector.FromString(self._selector)

    def _fingerprint(self) -> str:
        return self._description.fingerprint if self._description is not None else self._wanted_fingerprint

    def _replicas(self) -> Optional[Replicas]:
        """The pool that this process asks itself; None where receivers do."""
        if self._receiver_count() > 0:
            if receiver.available(self._target, self._options):
                return None
            receiver.log.info("no receiver: this system or these credentials allow none, so this process streams itself")
        return Replicas(self._target, self._options)

    def _receiver_count(self) -> int:
        # A DataLoader's worker is a process beside the trainer already.
        return (0 if self._worker() else 1) if self._receivers is None else self._receivers

    def _stream(self, replicas: Optional[Replicas], steps: Steps) -> Union[Lanes, Received]:
        run = self.describe()
        rank, world_size = self._ranks()
        request = contract.StreamBatchesRequest(
            run=self._selected(),
            rank=rank,
            world_size=world_size,
            data_type=contract.DATA_TYPES[self._data_type],
            layout=contract.LAYOUTS[self._layout],
            view_order=contract.VIEW_ORDERS[self._view_order],
            expected_fingerprint=run.fingerprint,
            **self._with,
        )
        batch_bytes = run.global_batch // world_size * run.sample_pixels * 3 * contract.BYTES[self._data_type]
        pace = self._pace.bounded(self._budget_bytes // max(batch_bytes, 1))
        wanted = Wanted(self._target, self._options, request.SerializeToString(), run.fingerprint, batch_bytes, steps, pace)
        pinned = self._pin_memory and torch is not None and torch.cuda.is_available() and self._worker() is None
        if replicas is None:
            return Received(wanted, self._receiver_count(), pinned)
        return Lanes(wanted, replicas, heap(pinned))

    def _on_device(self, arrived: Arrived) -> Batch:
        batch = self._finished(arrived)
        return batch if self._device is None else batch.to(self._device)

    def _finished(self, arrived: Arrived) -> Batch:
        run = self.describe()
        return arrived.batch(run.mean, run.std)

    def _taken(self, lanes: Union[Lanes, Received]) -> Union[Lanes, Received, Ahead]:
        """Lanes, or what copies their batches to a CUDA device ahead of the trainer."""
        if self._device is None or _kind_of(self._device) != "cuda" or self._worker() is not None:
            return lanes
        return Ahead(lanes, self._finished, copies_to(self._device))

    def close(self) -> None:
        """Ends every iteration that is under way; a new one can be begun."""
        for stream in list(self._streams):
            stream.close()

    # What goes to worker processes --------------------------------------------------------------------------------------

    def __getstate__(self) -> Dict[str, Any]:
        # Worker processes have no process group of their own.
        return {**self.__dict__, "_streams": None, "_group_ranks": of_process_group() or self._group_ranks}

    def __setstate__(self, state: Dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._streams = weakref.WeakSet()


class BatchIterator(Iterator[Any]):
    """One pass over the rest of an epoch, which begins with the first batch that is asked for. Closes itself at the end, when
    it is dropped, and when the process ends.
    """

    def __init__(self, loader: Loader, worker: Optional[Worker]):
        self._loader = loader
        self._worker = worker
        self._stride = worker_and_count()[1]
        self._lanes: Optional[Union[Lanes, Received, Ahead]] = None
        self._epoch = 0
        self._done = False
        loader._streams.add(self)

    @property
    def epoch(self) -> Optional[int]:
        """The epoch that is being streamed; None before and after."""
        return None if self._lanes is None or self._done else self._epoch

    def _begin(self) -> Union[Lanes, Received, Ahead]:
        loader = self._loader
        if self._worker is not None:
            end_with_parent()
        run = loader.describe()
        total = run.steps_per_epoch
        if loader._epochs.begins_again() and not run.evaluate:
            log.warning(
                "Epoch %d of run %s is streamed again: another loader of this process has begun with it, and nobody named an "
                "epoch for this one. Call set_epoch, give the Loader its epoch, or keep one loader for all epochs.",
                loader._epochs.epoch, loader.run or "inline",
            )  # fmt: skip
        # What cannot even begin must not use up an epoch.
        replicas = loader._replicas()
        if loader._worker_start is not None:
            self._epoch, first = loader._worker_start
        else:
            if self._worker is None:
                loader._claim()
            self._epoch, first = loader._epochs.begin(self._worker, total)
            first += self._worker.number if self._worker is not None else 0
        left = max(0, -((first - total) // self._stride)) if first < total else 0
        lanes = loader._taken(loader._stream(replicas, Steps(self._epoch, first, self._stride, left)))
        cursor = (loader._state or {}).get("cursor", "") if loader._loaded else ""
        loader._worker_start, loader._loaded = None, False
        loader._state = loader._state_of(self._epoch, first, cursor)
        # The lanes' threads know the lanes, not this iterator: so it can be dropped while they run.
        self._closing = weakref.finalize(self, _close, lanes, os.getpid())
        return lanes

    def __iter__(self) -> BatchIterator:
        return self

    def __next__(self) -> Any:
        if self._done:
            raise StopIteration
        try:
            if self._lanes is None:
                self._lanes = self._begin()
            batch = self._lanes.take()
        except BaseException:
            self.close()
            raise
        loader = self._loader
        if batch is None:
            self.close()
            # A worker does not know whether its siblings have something left.
            if self._worker is None:
                loader._state = loader._state_of(self._epoch + 1, 0, "")
            raise StopIteration
        loader._state = loader._state_of(self._epoch, batch.address.step + self._stride, batch.cursor)
        return formatted(batch if isinstance(batch, Batch) else loader._on_device(batch), loader._batch_format)

    def close(self) -> None:
        """Ends the streams and threads of this pass."""
        self._done = True
        if self._lanes is not None:
            self._closing()


def _close(lanes: Union[Lanes, Received, Ahead], pid: int) -> None:
    if os.getpid() == pid:
        lanes.close()


def _kind_of(device: Any) -> str:
    """The kind of a device: `cuda`, `cpu` ..."""
    assert torch is not None
    return torch.device(device).type


def _checked_epoch(epoch: int) -> int:
    if epoch < 0:
        raise wrong("ARGUMENT_INVALID", "an epoch of 0 or more", str(epoch), "Epochs count from 0")
    return int(epoch)
