"""What is logged of a wait."""

from __future__ import annotations

import unittest

from tributary.waiting import Waiting


class WaitingTest(unittest.TestCase):
    def test_from_the_first_seconds_and_ever_more_rarely(self) -> None:
        waiting = Waiting()
        with self.assertLogs("tributary", "WARNING") as logs:
            for second in range(121):
                waiting.look(second, lambda: "step 3")
            waiting.look(5, lambda: "step 9")
        self.assertEqual([r.getMessage() for r in logs.records], [f"waiting for {s} s: step 3" for s in (3, 6, 12, 24, 48, 96)])


if __name__ == "__main__":
    unittest.main()
