"""The receiving process: streams, checks and assembles batches outside the trainer's interpreter.

It is started by `tributary.receiver`, which hands it one socket for each session: an iteration of a loader, or a question.
A session ends with its socket, and the process with its trainer, however that ends.
"""

from __future__ import annotations

import gc
import logging
import os
import select
import signal
import socket
import sys
import threading
import traceback
from dataclasses import replace
from typing import Any, Dict, List, Optional

from tributary import contract
from tributary.errors import TributaryError, exhausted
from tributary.lanes import Lanes
from tributary.loan import Loan
from tributary.messages import receive, send
from tributary.replicas import Replicas
from tributary.shared import Lent
from tributary.wanted import Wanted

# Batches that lie ready with the trainer, beyond those that it has asked for.
AHEAD = 2
# Seconds without a session after which the process ends; it is started again when it is needed.
IDLE = 30.0
# Sessions after which it takes no more, and another process is started for the next: gRPC keeps a connection of one in some
# thousand calls that are cancelled while it connects.
RETIRES_AFTER = 500

# Whether batches of a replica on the same host are to come by the wire as well, to measure that.
_BY_WIRE = os.environ.get("TRIBUTARY_LEND") == "0"


def main(descriptor: int, trainer: int) -> None:
    """Serves sessions until the trainer, whose process is `trainer`, closes the other end of the socket or is gone."""
    # What a terminal or a scheduler tells a whole group is the trainer's to answer: it may still want batches.
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2"):
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    log = logging.getLogger("tributary")
    log.addHandler(_Handler())
    log.propagate = False
    control = socket.socket(fileno=descriptor)
    sessions: List[threading.Thread] = []
    served = 0
    idle = 0.0
    while idle < IDLE and served < RETIRES_AFTER and os.getppid() == trainer:
        if not select.select([control], [], [], 1.0)[0]:
            sessions = [s for s in sessions if s.is_alive()]
            idle = 0.0 if sessions else idle + 1.0
            continue
        began, descriptors, _, _ = socket.recv_fds(control, 1, 1)
        if not began:
            break
        if not descriptors:
            # The system drops a descriptor for which there is no room.
            sys.exit("too many open files")
        thread = threading.Thread(target=_serve, args=(socket.socket(fileno=descriptors[0]),), daemon=True)
        thread.start()
        sessions.append(thread)
        served += 1
    if served >= RETIRES_AFTER:
        control.close()
        while any(s.is_alive() for s in sessions) and os.getppid() == trainer:
            sessions[-1].join(1.0)
            sessions = [s for s in sessions if s.is_alive()]
    # Nobody is there to be told, and gRPC's own end can take seconds.
    os._exit(0)


class _Trainer:
    """The trainer's end of one session. What is sent to one that has left is lost."""

    def __init__(self, connection: socket.socket):
        self._connection = connection
        self._lock = threading.Lock()
        # Only who waits reads what is logged.
        self.waits = False

    def send(self, kind: str, body: Any, descriptor: Optional[int] = None) -> bool:
        """Whether the trainer is still there."""
        try:
            with self._lock:
                send(self._connection, (kind, body), descriptor)
            return True
        except OSError:
            return False

    def fail(self, error: BaseException) -> None:
        """Sends an error."""
        if isinstance(error, OSError):
            error = exhausted(error) or error
        if not isinstance(error, TributaryError):
            text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
            error = TributaryError("INTERNAL", f"the receiving process failed: {text.strip()[-2000:]}")
        self.send("error", error)

    def receive(self) -> Any:
        """What the trainer says next; None where it has left."""
        message = receive(self._connection)
        return None if message is None else message[0]


_trainers: Dict[int, _Trainer] = {}


class _Handler(logging.Handler):
    """Hands what is logged here to the sessions whose trainer waits."""

    def emit(self, record: logging.LogRecord) -> None:
        for trainer in list(_trainers.values()):
            if trainer.waits:
                trainer.send("log", (record.levelno, record.getMessage()))


def _serve(connection: socket.socket) -> None:
    with connection:
        trainer = _Trainer(connection)
        _trainers[id(trainer)] = trainer
        try:
            opening = trainer.receive()
            if opening is None:
                return
            kind, body = opening
            if kind == "ask":
                trainer.waits = True
                trainer.send("answers", _answers(*body))
            else:
                _Session(trainer, body).run()
        except BaseException as error:
            trainer.fail(error)
        finally:
            del _trainers[id(trainer)]
    # Errors and the frames that they came through hold batches that nobody will get, in circles.
    gc.collect()


def _answers(target: Any, options: Any, method: str, request: Any, response: str, wanted: str, count: int) -> Any:
    name, raw = request
    replicas = Replicas(target, options)
    try:
        question = contract.message(name).FromString(raw)
        found = replicas.ask_all(method, question, contract.message(response), wanted, count)
        return [(replica.address, answer.SerializeToString()) for replica, answer in found]
    finally:
        replicas.close()


class _Session:
    """One iteration: its lanes, and the two threads between them and the trainer."""

    def __init__(self, trainer: _Trainer, wanted: Wanted):
        self._trainer = trainer
        # What lies ready with the trainer counts as read ahead.
        self._ahead = min(AHEAD, wanted.pace.most - 1)
        wanted = replace(wanted, pace=wanted.pace.without(self._ahead))
        self._lent = Lent()
        replicas = Replicas(wanted.target, wanted.options)
        make_loan = None if _BY_WIRE else lambda: Loan(self._lent, wanted.batch_bytes)
        self._lanes = Lanes(wanted, replicas, self._lent.take, make_loan)
        self._changed = threading.Condition()
        self._asked = 0
        self._sent = 0
        self._closed = False

    def run(self) -> None:
        """Hears the trainer until it leaves."""
        sending = threading.Thread(target=self._send_all, daemon=True)
        sending.start()
        try:
            while (given := self._trainer.receive()) is not None:
                for number, reuse in given:
                    self._lent.give(number, reuse)
                with self._changed:
                    self._asked += 1
                    self._trainer.waits = self._asked > self._sent
                    self._changed.notify_all()
                if self._trainer.waits:
                    self._lanes.want()
        finally:
            with self._changed:
                self._closed = True
                self._changed.notify_all()
            self._lanes.close()
            sending.join()
            self._lent.close()

    def _send_all(self) -> None:
        while self._may_send():
            try:
                batch = self._lanes.take(ahead=True)
            except BaseException as error:
                if not self._closed:
                    self._trainer.fail(error)
                return
            if batch is None:
                return
            assert batch.array is not None
            number, descriptor = self._lent.lend(batch.array)
            with self._changed:
                self._sent += 1
                self._trainer.waits = self._asked > self._sent
            if not self._trainer.send("batch", (number, batch.array.size, replace(batch, array=None)), descriptor):
                return

    def _may_send(self) -> bool:
        with self._changed:
            while not self._closed and self._sent >= self._asked + self._ahead:
                self._changed.wait()
            return not self._closed
