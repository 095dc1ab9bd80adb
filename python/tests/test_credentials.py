"""TLS in the main process and in workers of every kind."""

from __future__ import annotations

import os
import pickle
import subprocess
import tempfile
import unittest

import grpc

from tests.fleet import FleetTest, run_python
from tributary import Loader, Schedule, Tls, TributaryError
from tributary.credentials import Bearer

SCRIPT = """
import sys, torch, tributary
if __name__ == "__main__":
    loader = tributary.Loader(sys.argv[1], run="synthetic", patience=20, credentials=tributary.Tls(root=sys.argv[2]))
    len(loader)
    for method in ("fork", "forkserver", "spawn"):
        loader.set_epoch(0)
        data = torch.utils.data.DataLoader(loader, batch_size=None, num_workers=1, multiprocessing_context=method)
        print(len(list(data)))
"""


class CredentialsTest(FleetTest):
    def setUp(self) -> None:
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.root = os.path.join(self.folder, "cert.pem")
        names = "subjectAltName=DNS:localhost,IP:127.0.0.1"
        command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
        paths = ["-keyout", os.path.join(self.folder, "key.pem"), "-out", self.root]
        subprocess.run([*command.split(), "-addext", names, *paths], check=True, capture_output=True)
        self.served = self.replica("--tls", self.folder, "--steps", 3)

    def test_files_a_function_and_grpcs_own(self) -> None:
        def made() -> grpc.ChannelCredentials:
            with open(self.root, "rb") as file:
                return grpc.ssl_channel_credentials(file.read())

        for credentials in (Tls(root=self.root), made, made()):
            with self.subTest(credentials):
                loader = self.loader(self.served, credentials=credentials)
                self.assert_steps(list(loader), range(3))
        self.assertEqual(len(Schedule(self.served.address, run="synthetic", credentials=Tls(root=self.root))), 5)

    def test_a_schedule_beside_a_loader_is_asked_as_its_replicas_are(self) -> None:
        loader = self.loader(self.served, credentials=Tls(root=self.root), channel_options=[("grpc.primary_user_agent", "x")])
        schedule = Schedule.beside(loader, self.served.address)
        self.assertEqual(len(schedule), 5)
        self.assertIs(schedule._options, loader._options)

    def test_workers_of_every_kind(self) -> None:
        with tempfile.NamedTemporaryFile("w", suffix=".py") as file:
            file.write(SCRIPT)
            file.flush()
            done = run_python(file.name, self.served.address, self.root)
        self.assertEqual((done.stdout.split(), done.stderr), (["3", "3", "3"], ""))

    def test_a_token_goes_with_each_call(self) -> None:
        token = os.path.join(self.folder, "token")
        with self.assertRaisesRegex(TributaryError, "ARGUMENT_INVALID: .*/token: No such file"):
            len(Loader(self.served.address, run="synthetic", credentials=Tls(root=self.root, token_file=token), patience=2))
        with open(token, "w") as file:
            file.write("of-alice\n")
        sent = []
        Bearer(token)(None, lambda metadata, error: sent.append((metadata, error)))
        self.assertEqual(sent, [((("authorization", "Bearer of-alice"),), None)])
        self.assert_steps(list(self.loader(self.served, credentials=Tls(root=self.root, token_file=token))), range(3))

    def test_what_cannot_be_handed_over_or_read_is_named(self) -> None:
        loader = Loader("loader:1", run="r", credentials=grpc.ssl_channel_credentials())
        with self.assertRaisesRegex(TributaryError, "ARGUMENT_INVALID: .*PEM files"):
            pickle.dumps(loader)
        with self.assertRaisesRegex(TributaryError, "ARGUMENT_INVALID: .*/none.pem: No such file"):
            len(Loader(self.served.address, run="synthetic", credentials=Tls(root="/none.pem"), patience=2))


if __name__ == "__main__":
    unittest.main()
