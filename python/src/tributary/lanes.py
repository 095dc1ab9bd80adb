"""Several streams at once, put in order again.

The steps that are wanted are numbered from 0: the *turns*. Lane l of L takes the turns l, l + L, l + 2L and so on, as
streams of a replica with a stride; each stream is a lease of some batches, and the next lease may be anywhere. While the
trainer waits, lanes become more (`turns.py`). A batch is a function of its address, so it does not matter which replica
sends it, or whether two do.
"""

from __future__ import annotations

import os
import statistics
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Callable, Deque, Dict, List, Optional, Set, Tuple, Union

import grpc

from tributary import behaviour
from tributary.batch import Arrived, PartialBatch
from tributary.behaviour import verdict
from tributary.contract import Chunk, DamagedHeader, StreamBatchesRequest, with_address
from tributary.errors import TributaryError, from_rpc, other_fingerprint, wrong
from tributary.hedges import Hedges
from tributary.loan import Loan
from tributary.replicas import Replica, Replicas, end_stream
from tributary.turns import Growth, Turns
from tributary.wanted import Wanted


@dataclass
class _Reader:
    """A stream that is being read: a lane's lease, or a late step's second attempt. Guarded by the condition. Times are those
    of the pool's clock.
    """

    turn: int
    # Of a lane its number.
    number: int = 0
    call: Any = None
    replica: Optional[Replica] = None
    # Since when it waits for a message, and since when for the batch; None while it waits for nobody but the trainer.
    waiting_since: Optional[float] = None
    batch_since: Optional[float] = None
    cancelled: str = ""
    hangs: int = 0
    failing_since: Optional[float] = None
    avoid: Set[str] = field(default_factory=set)

    def cancel(self, why: str) -> None:
        """Ends the stream, and keeps why."""
        if self.call is not None and not self.cancelled:
            self.cancelled = why
            self.call.cancel()


class Lanes:
    """The batches that are wanted, in order, from whichever replicas there are. To be closed after use."""

    def __init__(
        self,
        wanted: Wanted,
        replicas: Replicas,
        make_array: Callable[[int], Any],
        make_loan: Optional[Callable[[], Loan]] = None,
    ):
        """`make_array` makes uint8 [size], where a tensor is to lie; `make_loan` what a stream's replica may write into."""
        steps, pace = wanted.steps, wanted.pace
        self._replicas = replicas
        self._changed = replicas.changed
        self._clock = replicas.clock
        self._steps = steps
        self._request = wanted.request
        self._fingerprint = wanted.fingerprint
        self._pace = pace
        self._make_array = make_array
        self._make_loan = make_loan
        # A lane that is not asked to be there is of use only where a batch of its own may be under way.
        most = steps.count if pace.lanes else min(pace.ahead(behaviour.MOST_LANES), steps.count)
        self._growth = Growth(pace.lanes, most, self._clock.now())
        self._turns = Turns(steps.count, self._growth.first(replicas.well()))
        self._head = 0
        self._ready: Dict[int, Union[Arrived, TributaryError]] = {}
        self._crcs: Dict[int, Tuple[int, str]] = {}
        self._damaged: Dict[int, int] = {}
        self._hedges: List[_Reader] = []
        self._may_hedge = Hedges()
        self._asked_again = 0
        self._seconds: Deque[float] = deque(maxlen=behaviour.MEDIAN_OF)
        self._broken: Optional[BaseException] = None
        self._closed = False
        # Since when the trainer waits, by the pool's clock.
        self._wanted_since: Optional[float] = None
        self._pid = os.getpid()
        self._readers: List[_Reader] = []
        self._threads: List[threading.Thread] = []
        if steps.count:
            replicas.watch()
            with self._changed:
                self._add_lanes()
                self._start("tributary-watch", self._watch)

    def want(self) -> None:
        """Says that the trainer waits for the next batch: from now on that can be late."""
        with self._changed:
            if self._wanted_since is None:
                self._wanted_since = self._clock.now()

    def take(self, ahead: bool = False) -> Optional[Arrived]:
        """The next batch; None at the end. Raises what went wrong with it, after all batches before it. `ahead` where the
        trainer does not wait for it yet.
        """
        with self._changed:
            if self._head >= self._steps.count:
                return None
            if not ahead:
                self._wanted_since = self._clock.now()
            while self._head not in self._ready and self._broken is None and not self._closed:
                self._changed.wait()
            wanted_since, self._wanted_since = self._wanted_since, None
            self._growth.took(wanted_since, self._clock.now())
            if self._broken is not None:
                raise self._broken
            if self._closed:
                raise wrong("STREAM_CANCELLED", "an open iterator", "a closed one", "Make a new one from the loader")
            result = self._ready[self._head]
            if isinstance(result, TributaryError):
                raise result
            del self._ready[self._head]
            self._head += 1
            self._may_hedge.earn()
            self._asked_again = 0
            for turn in [p for p in self._crcs if p < self._head - behaviour.COMPARED_BEHIND]:
                del self._crcs[turn]
            self._changed.notify_all()
            return result

    def is_ready(self) -> bool:
        """Whether the next batch, or what went wrong with it, is there."""
        with self._changed:
            return self._head in self._ready

    def close(self) -> None:
        """Ends every stream and every thread."""
        if os.getpid() != self._pid:
            return
        with self._changed:
            self._closed = True
            calls = [r.call for r in [*self._readers, *self._hedges] if r.call is not None]
            self._ready.clear()
            self._changed.notify_all()
        for call in calls:
            call.cancel()
        self._replicas.close()
        if threading.current_thread() not in self._threads:
            for thread in list(self._threads):
                thread.join(timeout=10.0)

    def _start(self, name: str, work: Callable[..., None], *arguments: Any) -> None:
        thread = threading.Thread(target=self._guarded, args=(work, *arguments), name=name, daemon=True)
        self._threads = [t for t in self._threads if t.is_alive()] + [thread]
        thread.start()

    def _add_lanes(self) -> None:
        """Starts the lanes that are dealt turns and do not run yet. Call with `changed` held."""
        for number in range(len(self._readers), self._turns.lanes):
            lane = _Reader(self._turns.since + number, number)
            self._readers.append(lane)
            self._start(f"tributary-lane-{number}", self._run_lane, lane)

    def _grow(self, now: float) -> None:
        """Makes more lanes where the trainer waits too long and replicas have room. Call with `changed` held."""
        turns = self._turns
        if self._head < turns.since:
            return
        lanes = self._growth.next(turns.lanes, self._replicas.well(), self._wanted_since, now)
        # A lane ends with the turn that it is at, as it was dealt.
        first = max(self._head, turns.since, *(r.turn for r in self._readers)) + 1
        if lanes > turns.lanes and first + lanes <= turns.count:
            turns.widen(first, lanes)
            self._add_lanes()

    def _guarded(self, work: Callable[..., None], *arguments: Any) -> None:
        try:
            work(*arguments)
        except BaseException as error:  # a thread has nobody else to tell
            with self._changed:
                if not self._closed:
                    self._broken = error
                self._changed.notify_all()

    def _admitted(self, turn: int) -> bool:
        return turn < self._head + self._pace.ahead(self._turns.lanes)

    def _run_lane(self, lane: _Reader) -> None:
        while True:
            with self._changed:
                while lane.turn in self._crcs or lane.turn < self._head:
                    lane.turn = self._turns.after(lane.turn, lane.number)
                if self._closed or lane.turn >= self._steps.count:
                    return
                if not self._admitted(lane.turn) or isinstance(self._ready.get(lane.turn), TributaryError):
                    self._changed.wait()
                    continue
                replica = self._replicas.choose(lane.avoid)
                if replica is None or self._replicas.all_refused() is not None:
                    self._wait_for_replica(lane)
                    continue
                self._attach(lane, replica)
                count, stride = self._turns.run(lane.turn), self._turns.stride(lane.turn)
            self._read(lane, min(self._pace.lease, count), stride)

    def _wait_for_replica(self, lane: _Reader) -> None:
        now = self._clock.now()
        lane.failing_since = now if lane.failing_since is None else lane.failing_since
        refusal = self._replicas.all_refused()
        if refusal is not None:
            self._ready[lane.turn] = refusal
        elif self._replicas.out_of_patience(lane.failing_since):
            self._ready[lane.turn] = self._replicas.no_replica(now - lane.failing_since, self._name(lane.turn))
        else:
            self._changed.wait(min(self._replicas.next_retry(), 1.0))
            return
        self._changed.notify_all()

    def _attach(self, reader: _Reader, replica: Replica) -> None:
        reader.replica = replica
        reader.cancelled = ""
        reader.waiting_since = reader.batch_since = self._clock.now()
        replica.streams += 1

    def _name(self, turn: int) -> str:
        return f"step {self._steps.at(turn)} of epoch {self._steps.epoch}"

    def _read(self, reader: _Reader, count: int, stride: int) -> None:
        """Reads one stream to its end: of its lease, of the replica's patience, or of the need for it."""
        replica = reader.replica
        assert replica is not None
        loan = self._make_loan() if self._make_loan is not None and replica.may_be_near else None
        try:
            request = StreamBatchesRequest.FromString(self._request)
            request.epoch = self._steps.epoch
            request.first_step = self._steps.at(reader.turn)
            request.step_count = count
            request.step_stride = stride * self._steps.stride
            if loan is not None:
                request.lent.CopyFrom(loan.offer)
            request.with_progress = True
            call = self._replicas.stream(replica, request)
            with self._changed:
                reader.call = call
                if self._closed:
                    call.cancel()
            for index in range(count):
                if not self._wait_for_room(reader, fresh=index == 0):
                    break
                if loan is not None:
                    # Two, so that the next one is written while this one is checked.
                    loan.reach(min(index + (2 if self._admitted(reader.turn + stride) else 1), count))
                batch = self._receive(reader, call, loan)
                if loan is not None and loan.is_refused:
                    replica.may_be_near = False
                    loan.close()
                    loan = None
                if batch is None and index == 0:
                    raise TributaryError("UNAVAILABLE", "the stream ended before its first batch", code="UNAVAILABLE")
                if batch is None:
                    break
                if index == 0:
                    self._replicas.spread(replica, call)
                self._deliver(reader, replica, batch, self._clock.now() - (reader.batch_since or 0))
                with self._changed:
                    came, reader.turn = reader.turn, self._turns.after(reader.turn, reader.number)
                if reader.turn != came + stride:
                    break
        except grpc.RpcError as failure:
            self._note_failure(reader, replica, from_rpc(failure))
        except TributaryError as failure:
            self._note_failure(reader, replica, failure)
        finally:
            with self._changed:
                call, reader.call = reader.call, None
                reader.waiting_since = reader.batch_since = None
            if call is not None:
                end_stream(call)
            if loan is not None:
                loan.close()
            self._replicas.release(replica)

    def _wait_for_room(self, lane: _Reader, fresh: bool) -> bool:
        """Waits until the trainer wants the reader's turn; False where the stream is to end instead, because it is closed,
        another replica gave the turn, or, unless the stream is fresh, one has fewer streams to serve.
        """
        with self._changed:
            lane.waiting_since = lane.batch_since = None
            while not self._admitted(lane.turn) and not self._closed and not lane.cancelled:
                self._changed.wait()
            moved = lane.turn in self._crcs
            if lane.replica is not None and not fresh:
                moved = moved or self._replicas.uneven(lane.replica)
            lane.waiting_since = lane.batch_since = self._clock.now()
            return not (self._closed or lane.cancelled or moved)

    def _receive(self, reader: _Reader, call: Any, loan: Optional[Loan]) -> Optional[Arrived]:
        """The reader's next batch; None where the replica ended the stream in good order."""
        partial: Optional[PartialBatch] = None
        wanted = self._steps.at(reader.turn)
        for part in call:
            reader.waiting_since = self._clock.now()
            message: Any = part
            if isinstance(part, DamagedHeader):
                raise wrong(
                    "CRC_MISMATCH",
                    f"a header with the CRC-32 {part.sent:08x}, as it was sent",
                    f"one with {part.came:08x}",
                    "Ask for the step again; if it persists, check the network and the memory of the machines between",
                )
            if isinstance(part, Chunk):
                kind, chunk = "chunk", part
            else:
                kind, chunk = message.WhichOneof("part"), message.chunk
            if kind == "header" and partial is None:
                address = with_address(message.header).address
                if (address.epoch, address.step) != (self._steps.epoch, wanted):
                    raise wrong(
                        "INTERNAL",
                        self._name(reader.turn),
                        f"step {address.step} of epoch {address.epoch}",
                        "The replica breaks the contract: stop it",
                    )
                partial = PartialBatch(message.header, self._make_array)
            elif kind == "progress":
                # Slow is not hung.
                continue
            elif kind == "chunk" and partial is not None:
                partial.add(chunk.offset, chunk.data)
                if loan is not None:
                    loan.is_refused = partial.header.byte_size == loan.byte_size
            elif kind == "lent" and partial is not None and loan is not None:
                partial.fill(loan.filled(message.lent.descriptor))
            elif kind == "trailer" and partial is not None:
                return self._checked(partial.finish(message.trailer.crc32))
            else:
                raise wrong("INTERNAL", "header, chunks and trailer", f"{kind}", "The replica breaks the contract: stop it")
        if partial is not None:
            raise partial.damaged("the end of the stream")
        return None

    def _checked(self, batch: Arrived) -> Arrived:
        if batch.fingerprint != self._fingerprint:
            raise other_fingerprint(self._fingerprint, batch.fingerprint)
        return batch

    def _deliver(self, reader: _Reader, replica: Replica, batch: Arrived, seconds: float) -> None:
        """Puts a batch in its turn; the first answer wins, and a second one must agree with it."""
        turn = reader.turn
        with self._changed:
            self._replicas.succeeded(replica)
            reader.hangs, reader.failing_since = 0, None
            reader.avoid = set()
            first = self._crcs.get(turn)
            if first is not None:
                if first[0] != batch.crc32:
                    self._broken = wrong(
                        "REPLAY_DIFFERS",
                        f"the bytes of {first[1]} with CRC-32 {first[0]:08x} for {self._name(turn)}",
                        f"{batch.crc32:08x} from {replica.address}",
                        "One of the two replicas is broken: compare both with scripts/verify_batch.py",
                        first=first[1],
                        second=replica.address,
                    )
                    self._changed.notify_all()
                return
            self._seconds.append(seconds)
            self._crcs[turn] = (batch.crc32, replica.address)
            if turn >= self._head and not self._closed:
                self._ready[turn] = batch
            for other in [*self._readers, *self._hedges]:
                if other is not reader and other.turn == turn and other.call is not None:
                    if other.replica is not None:
                        other.replica.slow_until = time.monotonic() + behaviour.SLOW_SECONDS
                        other.avoid = {other.replica.key}
                    other.cancel("late")
            self._changed.notify_all()

    def _note_failure(self, reader: _Reader, replica: Replica, error: TributaryError) -> None:
        turn = reader.turn
        with self._changed:
            if self._closed or reader.cancelled == "late":
                return
            if error.reason == "REPLICA_BUSY":
                # That is an answer: patience is for those who give none.
                reader.failing_since = None
            elif reader.failing_since is None:
                reader.failing_since = self._clock.now() if reader.batch_since is None else reader.batch_since
            if reader.cancelled == "hung":
                reader.hangs += 1
                error = TributaryError("UNAVAILABLE", f"no message for {self._limit(reader, -1):.0f} s", code="UNAVAILABLE")
            if error.reason == "CRC_MISMATCH":
                self._damaged[turn] = self._damaged.get(turn, 0) + 1
            self._replicas.failed(replica, error)
            reader.avoid.add(replica.key)
            final = verdict(error.code, error.reason) == "end" or self._damaged.get(turn, 0) >= behaviour.CRC_ATTEMPTS
            since = reader.failing_since
            if not final and since is not None and self._replicas.out_of_patience(since):
                waited = self._clock.now() - since
                error, final = self._replicas.no_replica(waited, self._name(turn)), True
            # A turn that was answered already does not fail any more.
            if final and turn not in self._crcs:
                self._ready[turn] = error
            self._changed.notify_all()

    def _limit(self, reader: _Reader, more: int = 0) -> float:
        """How long a reader may wait for a message: twice as long after each time that it waited in vain, so that slow but
        honest replicas are heard in the end.
        """
        return self._pace.stall_timeout * 2.0 ** min(reader.hangs + more, 6)

    def _watch(self) -> None:
        """Ends streams that hang, and asks again for the step that the trainer waits for."""
        with self._changed:
            while not self._closed and self._head < self._steps.count:
                now = self._clock.now()
                for reader in [*self._readers, *self._hedges]:
                    hung = reader.waiting_since is not None and now - reader.waiting_since > self._limit(reader)
                    if hung:
                        reader.cancel("hung")
                if self._wanted_since is not None:
                    self._replicas.say(now - self._wanted_since, self._name(self._head))
                self._hedge(now)
                self._grow(now)
                self._changed.wait(behaviour.TICK)

    def _late_after(self) -> float:
        """Seconds after which the step that the trainer waits for is late: twice as many after each time that it was."""
        if not self._seconds:
            late = max(self._pace.hedge_seconds, behaviour.FIRST_HEDGE_SECONDS)
        else:
            late = max(self._pace.hedge_seconds, self._pace.hedge_factor * statistics.median(self._seconds))
        return late * 2.0**self._asked_again

    def _hedge(self, now: float) -> None:
        turn = self._head
        if self._wanted_since is None or turn in self._ready:
            return
        late_after = self._late_after()
        late = [r for r in [*self._readers, *self._hedges] if r.turn == turn and r.replica is not None]
        for lane in late:
            if lane.batch_since is None or now - lane.batch_since <= late_after:
                continue
            self._asked_again += 1
            avoid = {r.replica.key for r in late if r.replica is not None}
            replica = self._replicas.choose(avoid)
            if replica is None or replica.key in avoid or not self._may_hedge.spend():
                return
            hedge = _Reader(turn)
            self._hedges.append(hedge)
            self._attach(hedge, replica)
            self._start(f"tributary-again-{turn}", self._read_once, hedge)
            return

    def _read_once(self, hedge: _Reader) -> None:
        try:
            self._read(hedge, 1, 1)
        finally:
            with self._changed:
                self._hedges.remove(hedge)
