"""Replicas that die, drain, hang, lag, lie or come late: the batches stay the same."""

from __future__ import annotations

import signal
import socket
import tempfile
import threading
import time
import unittest
from typing import Any, List
from unittest import mock

import numpy as np

from tests.fleet import FleetTest, Process
from tests.pixels import batch_pixels
from tributary import Loader, TributaryError
from tributary.replicas import Options, Replicas


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class FailoverTest(FleetTest):
    def log(self) -> str:
        file = tempfile.NamedTemporaryFile()
        self.addCleanup(file.close)
        return file.name

    def served(self, log: str) -> List[str]:
        with open(log, encoding="ascii") as file:
            return file.read().split("\n")[:-1]

    def test_three_replicas_share_an_epoch(self) -> None:
        logs = [self.log() for _ in range(3)]
        loader = self.loader(*[self.replica("--log", log) for log in logs], lanes=3, prefetch=3)
        self.assert_steps(list(loader), range(12))
        for log in logs:
            self.assertGreater(len(self.served(log)), 0)

    def test_killed_in_the_middle(self) -> None:
        replicas = [self.replica("--die-after", 2), self.replica("--die-after", 3), self.replica()]
        self.assert_steps(list(self.loader(*replicas)), range(12))

    def test_killed_between_batches(self) -> None:
        replicas = [self.replica(), self.replica(), self.replica()]
        batches = []
        for batch in self.loader(*replicas):
            batches.append(batch)
            if len(batches) in (3, 6):
                replicas[len(batches) // 3].send(signal.SIGKILL)
        self.assert_steps(batches, range(12))

    def test_drained(self) -> None:
        replicas = [self.replica("--drain-after", 2), self.replica("--delay", 0.02)]
        self.assert_steps(list(self.loader(*replicas)), range(12))
        replicas = [self.replica("--delay", 0.02), self.replica("--delay", 0.02)]
        batches = []
        for batch in self.loader(*replicas):
            batches.append(batch)
            if len(batches) == 4:
                replicas[0].send(signal.SIGTERM)
        self.assert_steps(batches, range(12))

    def test_stopped_replica_moves_within_the_stall_timeout(self) -> None:
        replicas = [self.replica("--delay", 0.05), self.replica("--delay", 0.05)]
        batches = []
        start = 0.0
        # Without second attempts: it is the watch that must notice.
        for batch in self.loader(*replicas, stall_timeout=1, hedge_seconds=1000):
            batches.append(batch)
            if len(batches) == 4:
                replicas[0].send(signal.SIGSTOP)
                start = time.monotonic()
        self.assert_steps(batches, range(12))
        self.assertLess(time.monotonic() - start, 5)

    def test_hung_inside_a_batch(self) -> None:
        for fault in ("--hang", "--hang-inside"):
            replicas = [self.replica(fault, "5,6,7,8"), self.replica()]
            with self.subTest(fault):
                self.assert_steps(list(self.loader(*replicas, stall_timeout=1, hedge_seconds=1000)), range(12))

    def test_a_slow_but_honest_replica_is_waited_for(self) -> None:
        replica = self.replica("--steps", 2, "--delay", 1.5)
        self.assert_steps(list(self.loader(replica, stall_timeout=0.5)), range(2))

    def test_a_damaged_batch_comes_from_elsewhere(self) -> None:
        replicas = [self.replica("--corrupt", "0,1,2,3,4,5,6,7,8,9,10,11"), self.replica()]
        self.assert_steps(list(self.loader(*replicas)), range(12))

    def test_a_batch_that_is_damaged_everywhere(self) -> None:
        batches = []
        with self.assertRaises(TributaryError) as raised:
            for batch in self.loader(self.replica("--corrupt", "3"), self.replica("--corrupt", "3")):
                batches.append(batch)
        self.assertEqual(raised.exception.reason, "CRC_MISMATCH")
        self.assert_steps(batches, range(3))

    def test_a_late_step_is_asked_for_again_elsewhere(self) -> None:
        log = self.log()
        replicas = [self.replica("--slow", "7:30,8:30"), self.replica("--slow", "7:0.01", "--log", log)]
        start = time.monotonic()
        loader = self.loader(*replicas, stall_timeout=60, hedge_seconds=0.3)
        self.assert_steps(list(loader), range(12))
        self.assertLess(time.monotonic() - start, 10)

    def test_a_constantly_slow_replica_does_not_slow_the_rest(self) -> None:
        replicas = [
            self.replica("--steps", 40, "--delay", 20),
            self.replica("--steps", 40),
            self.replica("--steps", 40),
        ]
        start = time.monotonic()
        loader = self.loader(*replicas, stall_timeout=60, hedge_seconds=0.3, lanes=3, prefetch=4)
        self.assert_steps(list(loader), range(40))
        self.assertLess(time.monotonic() - start, 10)

    def test_two_answers_that_differ(self) -> None:
        same = ["--steps", 80, "--delay", 0.05, "--slow", "5:1,6:1"]
        one, other = self.replica(*same), self.replica(*same, "--other-bytes", "5,6")
        # Neither attempt is cancelled here, so that both answers arrive.
        with mock.patch("tributary.lanes._Reader.cancel", lambda *_: None):
            with self.assertRaises(TributaryError) as raised:
                for _ in self.loader(one, other, hedge_seconds=0.1, stall_timeout=60, prefetch=4, receivers=0):
                    pass
        self.assertEqual(raised.exception.reason, "REPLAY_DIFFERS")
        self.assertEqual(
            len({one.address, other.address} & {v.split(":", 1)[1] for v in raised.exception.metadata.values()}), 2
        )

    def test_another_run_is_refused_and_never_mixed_in(self) -> None:
        good, other = self.replica("--delay", 0.02), self.replica("--fingerprint", "f2")
        with self.assertRaises(TributaryError) as raised:
            list(self.loader(good, other))
        self.assertEqual(raised.exception.reason, "FINGERPRINT_MISMATCH")
        for address in (good.address, other.address):
            self.assertIn(address, str(raised.exception))
        log = self.log()
        other = self.replica("--fingerprint", "f2", "--log", log)
        self.assert_steps(list(self.loader(good, other, fingerprint="f1")), range(12))
        self.assertEqual(self.served(log), [])

    def test_a_replica_that_sends_another_run_all_the_same(self) -> None:
        liar = self.replica("--header-fingerprint", "f2")
        batches = list(self.loader(liar, self.replica()))
        self.assert_steps(batches, range(12))
        self.assertEqual({b.fingerprint for b in batches}, {"f1"})

    def test_restarted_as_another_run(self) -> None:
        first = self.replica("--delay", 0.02)
        batches = []
        with self.assertRaises(TributaryError) as raised:
            for batch in self.loader(first):
                batches.append(batch)
                if len(batches) == 3:
                    first.end()
                    self.replica("--fingerprint", "f2", "--port", first.port)
        self.assertEqual(raised.exception.reason, "FINGERPRINT_MISMATCH")
        self.assert_steps(batches, range(len(batches)))

    def test_the_only_replica_restarts(self) -> None:
        for stop in (1, 6, 11):
            replica = self.replica("--delay", 0.01)
            batches = []
            for batch in self.loader(replica):
                batches.append(batch)
                if len(batches) == stop:
                    replica.end()
                    timer = threading.Timer(0.5, lambda port=replica.port: self.replica("--port", port))
                    timer.start()
            timer.join()
            self.assert_steps(batches, range(12))

    def test_replicas_come_late(self) -> None:
        port = free_port()
        timer = threading.Timer(0.7, lambda: self.replica("--port", port))
        timer.start()
        loader = Loader(f"127.0.0.1:{port}", run="synthetic", patience=20)
        self.assert_steps(list(loader), range(12))
        timer.join()

    def test_none_left_names_each_and_why(self) -> None:
        replicas = [self.replica("--die-after", 2), self.replica("--die-after", 3)]
        start = time.monotonic()
        with self.assertRaises(TributaryError) as raised:
            list(self.loader(*replicas, patience=2))
        self.assertLess(time.monotonic() - start, 8)
        self.assertEqual(raised.exception.reason, "NO_REPLICA")
        for replica in replicas:
            self.assertRegex(str(raised.exception), f"{replica.address}: UNAVAILABLE")

    def test_all_but_one_killed_with_one_lane(self) -> None:
        replicas = [self.replica("--delay", 0.01) for _ in range(5)]
        batches = []
        for batch in self.loader(*replicas, lanes=1, prefetch=1, lease=2):
            batches.append(batch)
            if len(batches) == 2:
                for replica in replicas[1:]:
                    replica.send(signal.SIGKILL)
        self.assert_steps(batches, range(12))

    def test_a_replica_added_to_the_name_gets_streams(self) -> None:
        log = self.log()
        first = self.replica("--delay", 0.05, "--steps", 60)
        second = self.replica("--delay", 0.05, "--steps", 60, "--log", log, "--host", "127.0.0.2", "--port", first.port)
        answers = ["127.0.0.1"]

        def lookup(host: str, port: int, **_: Any) -> Any:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, port)) for a in answers]

        with mock.patch("socket.getaddrinfo", lookup), mock.patch("tributary.receiver.AVAILABLE", False):
            loader = Loader(f"dns:///loader.test:{first.port}", run="synthetic", resolve_interval=0.2, patience=10)
            batches = []
            for batch in loader:
                batches.append(batch)
                if len(batches) == 5:
                    answers.append("127.0.0.2")
                if len(batches) == 30:
                    self.assertNotEqual(self.served(log), [])
                    answers.remove("127.0.0.1")
                if len(batches) == 40:
                    first.end()
        self.assert_steps(batches, range(60))
        self.assertIsNotNone(second)

    def test_a_name_that_does_not_resolve(self) -> None:
        with self.assertRaises(TributaryError) as raised:
            len(Loader("dns:///no-such-host.invalid:50051", run="synthetic", patience=0.3))
        self.assertEqual(raised.exception.reason, "NO_REPLICA")
        self.assertIn("no-such-host.invalid:50051: the name does not resolve", str(raised.exception))

    def test_a_failing_name_server_keeps_the_known_replicas(self) -> None:
        pool = Replicas("127.0.0.1:1", Options())
        with mock.patch("tributary.replicas.resolve", lambda _: ({}, {"127.0.0.1:1": "gone"})):
            pool._refresh()
        with pool.changed:
            self.assertIsNotNone(pool.choose(set()))
        with mock.patch("tributary.replicas.resolve", lambda _: ({}, {})):
            pool._refresh()
        with pool.changed:
            self.assertIsNone(pool.choose(set()))
        pool.close()

    def test_rolling_replacement_under_seven_ranks(self) -> None:
        steps = 30
        ports = [free_port() for _ in range(3)]

        def start(port: int) -> Process:
            return self.replica("--port", port, "--steps", steps, "--delay", 0.05, "--global-batch", 56)

        replicas = [start(port) for port in ports]
        target = [f"127.0.0.1:{port}" for port in ports]
        found: List[List[Any]] = [[] for _ in range(7)]

        def consume(rank: int) -> None:
            for batch in Loader(target, run="synthetic", rank=rank, world_size=7, patience=20, stall_timeout=2):
                found[rank].append(batch)

        threads = [threading.Thread(target=consume, args=(rank,)) for rank in range(7)]
        for thread in threads:
            thread.start()
        for index, number in enumerate((signal.SIGKILL, signal.SIGTERM, signal.SIGKILL)):
            time.sleep(0.3)
            replicas[index].send(number)
            replicas[index].process.wait(10)
            replicas[index] = start(ports[index])
        for thread in threads:
            thread.join(60)
        for rank in range(7):
            self.assertEqual([b.address.step for b in found[rank]], list(range(steps)))
            for batch in found[rank]:
                expected = batch_pixels(0, batch.address.step, rank, 7, 56)
                self.assertEqual(np.asarray(batch.images).tobytes(), expected.tobytes())


if __name__ == "__main__":
    unittest.main()
