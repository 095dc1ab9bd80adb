"""Errors that name a limit at once, and are not taken for a lack of replicas."""

from __future__ import annotations

import errno
import os
import time
import unittest

import grpc

from tests.fleet import FleetTest, run_python
from tributary import TributaryError, contract
from tributary.errors import exhausted, from_rpc

# Leaves the process so few descriptors that the next connection finds none.
FULL = """
import os, resource, sys, tributary
loader = tributary.Loader(sys.argv[1], run="synthetic", patience=60)
len(loader), list(loader)
resource.setrlimit(resource.RLIMIT_NOFILE, (len(os.listdir("/proc/self/fd")) - int(sys.argv[2]), 4096))
list(loader)
"""


class LimitsTest(FleetTest):
    def test_a_message_that_is_too_long_is_named_at_once(self) -> None:
        loader = self.loader(self.replica("--text-bytes", 9 << 20), patience=60)
        start = time.monotonic()
        with self.assertRaisesRegex(TributaryError, "TOO_MUCH_ASKED: expected messages of 8388608 bytes") as raised:
            list(loader)
        self.assertLess(time.monotonic() - start, 30)
        self.assertEqual(raised.exception.code, "RESOURCE_EXHAUSTED")

    def test_a_process_without_descriptors_is_named_at_once(self) -> None:
        replica = self.replica("--steps", 3)
        for fewer in ("3", "6"):
            done = run_python("-c", FULL, replica.address, fewer, seconds=55)
            self.assertRegex(done.stderr, 'CLIENT_EXHAUSTED: .* got "Too many open files"')

    def test_which_errors_of_the_system_are_limits(self) -> None:
        for number, expected in ((errno.EMFILE, True), (errno.ENOMEM, True), (errno.ECONNREFUSED, False)):
            self.assertEqual(exhausted(OSError(number, os.strerror(number))) is not None, expected)


class DamagedDetailsTest(unittest.TestCase):
    def test_details_that_are_damaged_hide_no_failure(self) -> None:
        info = "type.googleapis.com/google.rpc.ErrorInfo"
        whole = contract.RpcStatus(code=14, message="x")
        whole.details.add(type_url=info, value=contract.ErrorInfo(reason="SERVER_DRAINING").SerializeToString())
        self.assertEqual(from_rpc(Failed(whole.SerializeToString())).reason, "SERVER_DRAINING")
        part = contract.RpcStatus(code=14, message="x")
        part.details.add(type_url=info, value=b"\x0a\xff")
        for damaged in (part.SerializeToString(), whole.SerializeToString()[:-1], b"\x07"):
            error = from_rpc(Failed(damaged))
            self.assertEqual((error.reason, error.code), ("UNAVAILABLE", "UNAVAILABLE"))


class Failed(grpc.RpcError):
    """What gRPC raises, with such details."""

    def __init__(self, details: bytes) -> None:
        self._details = details

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.UNAVAILABLE

    def details(self) -> str:
        return "x"

    def trailing_metadata(self) -> tuple[tuple[str, bytes], ...]:
        return (("grpc-status-details-bin", self._details),)


if __name__ == "__main__":
    unittest.main()
