"""The loader: batches of a run, in order, as PyTorch and plain Python iterate."""

from __future__ import annotations

import os
import weakref
from dataclasses import dataclass, replace
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

import grpc

from tributary import apart, behaviour, contract
from tributary.batch import Batch, PartialBatch, make_state, torch
from tributary.errors import TributaryError, wrong
from tributary.lanes import Lanes, Pace, Steps
from tributary.ranks import rank_and_world_size, worker_and_count
from tributary.replicas import Options, Replicas, Target, endpoints

_Base: Any = object if torch is None else torch.utils.data.IterableDataset


@dataclass(frozen=True)
class RunDescription:
    """What a run is, as DescribeRun tells it."""

    name: str
    fingerprint: str
    recipe: str
    steps_per_epoch: int
    samples_per_epoch: int
    global_batch: int
    image_size: int
    mean: Tuple[float, ...]
    std: Tuple[float, ...]
    sources: Tuple[str, ...]
    class_names: Mapping[str, Tuple[str, ...]]
    training: Mapping[str, float]
    version: str


def selector(run: Optional[str], inline_run: Optional[str]) -> Any:
    """The run of a request: a name of the server's config, or the text of a whole run."""
    if bool(run) == bool(inline_run):
        raise wrong("ARGUMENT_INVALID", "run or inline_run", "both" if run else "neither", "Give one of them")
    return contract.RunSelector(name=run) if run else contract.RunSelector(inline_run=inline_run)


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
        rank: Optional[int] = None,
        world_size: Optional[int] = None,
        epoch: int = 0,
        data_type: str = "uint8",
        layout: str = "nhwc",
        prefetch: int = behaviour.PREFETCH,
        lanes: int = behaviour.LANES,
        lease: int = behaviour.LEASE,
        budget_bytes: int = behaviour.BUDGET_BYTES,
        device: Any = None,
        pin_memory: bool = False,
        fingerprint: str = "",
        with_drawn: bool = False,
        with_text: bool = False,
        credentials: Optional[grpc.ChannelCredentials] = None,
        channel_options: Sequence[Tuple[str, Any]] = (),
        connect_timeout: float = behaviour.CONNECT_TIMEOUT,
        stall_timeout: float = behaviour.STALL_TIMEOUT,
        patience: float = behaviour.PATIENCE,
        hedge_factor: float = behaviour.HEDGE_FACTOR,
        hedge_seconds: float = behaviour.HEDGE_SECONDS,
        resolve_interval: float = behaviour.RESOLVE_INTERVAL,
    ):
        endpoints(target)
        selector(run, inline_run)
        for name, value, known in (("data_type", data_type, contract.DATA_TYPES), ("layout", layout, contract.LAYOUTS)):
            if value not in known:
                raise wrong("ARGUMENT_INVALID", f"a {name} of {', '.join(known)}", repr(value), f"Set {name}")
        for name, number in (("prefetch", prefetch), ("lanes", lanes), ("lease", lease), ("budget_bytes", budget_bytes)):
            if number < 1:
                raise wrong("ARGUMENT_INVALID", f"{name} of 1 or more", str(number), f"Raise {name}")
        if (device is not None or pin_memory) and torch is None:
            raise wrong("ARGUMENT_INVALID", "torch, for device and pin_memory", "no torch", "Install torch")
        self.rank, self.world_size = rank_and_world_size(rank, world_size)
        self.run = run or ""
        self._target = target
        self._inline_run = inline_run
        self._data_type = data_type
        self._layout = layout
        self._device = device
        self._pin_memory = pin_memory
        self._with = {"with_drawn": with_drawn, "with_text": with_text}
        self._options = Options(credentials, tuple(channel_options), connect_timeout, patience, resolve_interval)
        self._pace = Pace(prefetch, lanes, lease, stall_timeout, hedge_factor, hedge_seconds, patience)
        self._budget_bytes = budget_bytes
        self._wanted_fingerprint = fingerprint
        self._description: Optional[RunDescription] = None
        # Epoch, step to begin with, and a count of the times that these were set. Shared memory, so that worker processes
        # that live for several epochs see what the main process sets.
        start = [_checked_epoch(epoch), 0, 0]
        self._start: Any = start if torch is None else torch.tensor(start, dtype=torch.int64).share_memory_()
        self._begun = -1
        self._own_step = False
        self._state: Optional[Dict[str, Any]] = None
        self._streams: weakref.WeakSet[BatchIterator] = weakref.WeakSet()

    # What is asked of a Dataset ---------------------------------------------------------------------------------------

    def __len__(self) -> int:
        """Steps of an epoch: every rank has a share of each."""
        return self.describe().steps_per_epoch

    def __iter__(self) -> Iterator[Batch]:
        """The batches of the epoch that is set, from where the loaded state says. In a DataLoader's worker w of n, every
        n-th step from the w-th on, so that the DataLoader's round robin gives the steps in order.
        """
        return BatchIterator(self)

    @property
    def epoch(self) -> int:
        """The epoch that the next iteration streams."""
        return int(self._start[0])

    def set_epoch(self, epoch: int) -> None:
        """Sets the epoch of the next iteration. A loaded state stays in force where it is of this epoch."""
        if _checked_epoch(epoch) != self.epoch:
            self._begin(epoch, 0)
            self._state = None
            self._own_step = False

    def state_dict(self) -> Dict[str, Any]:
        """Where the last batch that was yielded leaves off: run, fingerprint, epoch, next step and cursor.

        Plain values, the same for every rank. After the last batch of an epoch, and while its loop still runs, the
        next step is the epoch's end; once the loop is over it is the next epoch's first.
        """
        if self._state is not None:
            return dict(self._state)
        step = int(self._start[1]) if self._begun != int(self._start[2]) else 0
        return make_state(self.run, self._fingerprint(), self.epoch, step, "")

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Makes the next iteration begin where a state left off, with any world size. CURSOR_INVALID for what is no state."""
        try:
            version, epoch, step = state["version"], int(state["epoch"]), int(state["step"])
        except (KeyError, TypeError, ValueError):
            version, epoch, step = None, 0, 0
        if version != 1 or epoch < 0 or step < 0:
            raise wrong("CURSOR_INVALID", "a state of Loader.state_dict", repr(state), "Load what was saved")
        worker, count = worker_and_count()
        if int(state.get("worker_count", count)) != count or int(state.get("worker", worker)) != worker:
            raise wrong(
                "CURSOR_INVALID",
                f"the state of worker {worker} of {count}",
                f"that of {state.get('worker')} of {state.get('worker_count')}",
                "Use as many workers as when the state was saved, or save Batch.state_dict()",
            )
        known = self._fingerprint()
        saved = str(state.get("fingerprint", ""))
        if known and saved and known != saved:
            raise _other_fingerprint(saved, known)
        self._wanted_fingerprint = saved or self._wanted_fingerprint
        self._begin(epoch, step)
        # A worker's own state names a step of this worker; any other one, the step of the first worker.
        self._own_step = "worker" in state
        self._state = dict(state)

    def _begin(self, epoch: int, step: int) -> None:
        self._start[0], self._start[1] = epoch, step
        self._start[2] += 1

    # What is asked of the replicas ------------------------------------------------------------------------------------

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the run: every batch is of this one."""
        return self.describe().fingerprint

    def describe(self) -> RunDescription:
        """What the run is. Asked for once; all replicas that answer must agree on the fingerprint."""
        if self._description is None:
            answers = apart.ask(
                self._target,
                self._options,
                f"/{contract.LOADER_SERVICE}/DescribeRun",
                contract.DescribeRunRequest(run=selector(self.run, self._inline_run)),
                contract.DescribeRunResponse,
                f"run {self.run or 'inline'}",
                behaviour.ASKED_FIRST,
            )
            found = {address: answer.fingerprint for address, answer in answers}
            wanted = self._wanted_fingerprint
            fitting = [answer for _, answer in answers if wanted in ("", answer.fingerprint)]
            if not fitting:
                raise _other_fingerprint(wanted, next(iter(found.values())))
            if len({answer.fingerprint for answer in fitting}) > 1:
                listed = ", ".join(f"{address}: {value}" for address, value in sorted(found.items()))
                raise wrong(
                    "FINGERPRINT_MISMATCH",
                    "replicas of one run",
                    listed,
                    "Bring all replicas to one config, or name the fingerprint that you want",
                    **found,
                )
            self._description = _described(fitting[0])
        return self._description

    def fetch(self, epoch: int, step: int) -> Batch:
        """One batch, from any replica: the same bytes as in its epoch. Leaves the loader's place alone."""
        lanes = self._lanes(Steps(epoch, step, 1, 1))
        try:
            batch = lanes.take()
            assert batch is not None
            return self._on_device(batch)
        finally:
            lanes.close()

    def _fingerprint(self) -> str:
        return self._description.fingerprint if self._description is not None else self._wanted_fingerprint

    def _lanes(self, steps: Steps) -> Lanes:
        run = self.describe()
        request = contract.StreamBatchesRequest(
            run=selector(self.run, self._inline_run),
            rank=self.rank,
            world_size=self.world_size,
            data_type=contract.DATA_TYPES[self._data_type],
            layout=contract.LAYOUTS[self._layout],
            expected_fingerprint=run.fingerprint,
            **self._with,
        )

        def make_request() -> Any:
            return contract.StreamBatchesRequest.FromString(request.SerializeToString())

        def finish(partial: PartialBatch, crc32: int) -> Batch:
            if partial.header.fingerprint != run.fingerprint:
                raise _other_fingerprint(run.fingerprint, partial.header.fingerprint)
            return partial.finish(crc32, run.mean, run.std)

        pinned = self._pin_memory and torch is not None and torch.cuda.is_available() and worker_and_count()[1] == 1
        batch_bytes = run.global_batch // self.world_size * run.image_size**2 * 3 * contract.BYTES[self._data_type]
        window = max(1, min(self._pace.window, self._budget_bytes // max(batch_bytes, 1)))
        pace = replace(self._pace, window=window)
        return Lanes(Replicas(self._target, self._options), steps, make_request, pace, finish, pinned)

    def _on_device(self, batch: Batch) -> Batch:
        return batch if self._device is None else batch.to(self._device)

    def close(self) -> None:
        """Ends every iteration that is under way; a new one can be begun."""
        for stream in list(self._streams):
            stream.close()

    # What goes to worker processes --------------------------------------------------------------------------------------

    def __getstate__(self) -> Dict[str, Any]:
        return {**self.__dict__, "_streams": None}

    def __setstate__(self, state: Dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._streams = weakref.WeakSet()


class BatchIterator(Iterator[Batch]):
    """One pass over the rest of an epoch. Closes itself at the end, when it is dropped, and when the process ends."""

    def __init__(self, loader: Loader):
        worker, count = worker_and_count()
        self._loader = loader
        self._worker, self._workers = worker, count
        self._epoch = loader.epoch
        generation = int(loader._start[2])
        first = int(loader._start[1]) if loader._begun != generation else 0
        loaded = loader._state or {}
        loader._begun = generation
        offset = 0 if loader._own_step else worker
        loader._own_step = False
        self._total = loader.describe().steps_per_epoch
        first += offset
        left = max(0, -((first - self._total) // count)) if first < self._total else 0
        self._step = first
        self._done = False
        loader._state = (
            self._state(first, "")
            if count > 1
            else make_state(loader.run, loader.fingerprint, self._epoch, first, loaded.get("cursor", ""))
        )
        lanes = loader._lanes(Steps(self._epoch, first, count, left))
        self._lanes = lanes
        # The lanes' threads know the lanes, not this iterator: so it can be dropped while they run.
        self._closing = weakref.finalize(self, _close, lanes, os.getpid())
        loader._streams.add(self)

    def __iter__(self) -> BatchIterator:
        return self

    def __next__(self) -> Batch:
        if self._done:
            raise StopIteration
        try:
            batch = self._lanes.take()
        except BaseException:
            self.close()
            raise
        if batch is None:
            self.close()
            if self._workers == 1:
                self._loader._state = self._state_of(self._epoch + 1, 0, "")
            raise StopIteration
        self._loader._state = self._state(batch.address.step + self._workers, batch.cursor)
        return self._loader._on_device(batch)

    def _state(self, step: int, cursor: str) -> Dict[str, Any]:
        return self._state_of(self._epoch, step, cursor)

    def _state_of(self, epoch: int, step: int, cursor: str) -> Dict[str, Any]:
        state = make_state(self._loader.run, self._loader.fingerprint, epoch, step, cursor)
        if self._workers > 1:
            state.update(worker=self._worker, worker_count=self._workers)
        return state

    def close(self) -> None:
        """Ends the streams and threads of this pass."""
        self._done = True
        self._closing()


def _close(lanes: Lanes, pid: int) -> None:
    if os.getpid() == pid:
        lanes.close()


def _checked_epoch(epoch: int) -> int:
    if epoch < 0:
        raise wrong("ARGUMENT_INVALID", "an epoch of 0 or more", str(epoch), "Epochs count from 0")
    return int(epoch)


def _other_fingerprint(wanted: str, came: str) -> TributaryError:
    return wrong(
        "FINGERPRINT_MISMATCH",
        f"the run with fingerprint {wanted}",
        came,
        "The replica serves another run, or its dataset changed: start anew, or bring back the config",
        expected=wanted,
        came=came,
    )


def _described(answer: Any) -> RunDescription:
    training: Dict[str, float] = {
        descriptor.name: getattr(answer.training, descriptor.name)
        for descriptor in answer.training.DESCRIPTOR.fields
        if descriptor.name != "beta2" or answer.training.HasField("beta2")
    }
    names: List[str] = [source.name for source in answer.sources]
    return RunDescription(
        name=answer.name,
        fingerprint=answer.fingerprint,
        recipe=answer.recipe,
        steps_per_epoch=answer.steps_per_epoch,
        samples_per_epoch=answer.samples_per_epoch,
        global_batch=answer.global_batch,
        image_size=answer.image_size,
        mean=tuple(answer.mean),
        std=tuple(answer.std),
        sources=tuple(names),
        class_names={source.name: tuple(source.class_names) for source in answer.sources},
        training=training,
        version=answer.version,
    )
