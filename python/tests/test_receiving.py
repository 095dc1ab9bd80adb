"""Questions by way of a receiving process, whatever else prints, and what is logged meanwhile."""

from __future__ import annotations

import os
import tempfile
import unittest

from tests.fleet import PYTHON, FleetTest, run_python

ASK = "import sys, tributary; print(len(tributary.Loader(sys.argv[1], run='synthetic', patience=float(sys.argv[2]))))"

ENDED_BEFORE = """
import sys
from tributary import receiver

class Late(receiver.Receiver):
    def __init__(self):
        super().__init__()
        self._process.wait()

sys.executable, receiver.Receiver = "/bin/false", Late
"""


class QuestionTest(FleetTest):
    def test_a_sitecustomize_that_prints(self) -> None:
        replica = self.replica()
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "sitecustomize.py"), "w") as file:
                file.write("import sys\nprint('hello')\nprint('there', file=sys.stderr)\n")
            path = os.pathsep.join([folder, str(PYTHON / "src"), str(PYTHON)])
            done = run_python("-c", ASK, replica.address, "20", PYTHONPATH=path)
        self.assertEqual((done.stdout.split(), done.stderr), (["hello", "12"], "there\n"))

    def test_what_is_waited_for_is_logged_from_the_first_seconds(self) -> None:
        done = run_python("-c", ASK, "127.0.0.1:1", "4")
        self.assertRegex(done.stderr, r"(?m)^waiting for \d s: run synthetic \(127.0.0.1:1: UNAVAILABLE")
        self.assertIn("NO_REPLICA", done.stderr)

    def test_a_process_that_cannot_even_start_says_why(self) -> None:
        done = run_python("-c", "import sys; sys.executable = '/bin/false'\n" + ASK, "127.0.0.1:1", "4")
        self.assertIn("exit status 1", done.stderr)

    def test_a_process_that_has_ended_before_it_is_asked_says_why(self) -> None:
        done = run_python("-c", ENDED_BEFORE + ASK, "127.0.0.1:1", "4")
        self.assertIn("one that ended again and again (exit status 1)", done.stderr)


if __name__ == "__main__":
    unittest.main()
