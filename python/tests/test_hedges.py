import unittest

from tributary import behaviour
from tributary.hedges import Hedges


class TestHedges(unittest.TestCase):
    def test_a_burst_and_then_a_share_of_the_batches(self) -> None:
        hedges = Hedges()
        burst = 0
        while hedges.spend():
            burst += 1
        self.assertEqual(burst, behaviour.HEDGE_BURST)
        more = 0
        for _ in range(1000):
            hedges.earn()
            more += hedges.spend()
        self.assertAlmostEqual(more, 1000 * behaviour.HEDGE_SHARE, delta=1)
        for _ in range(1000):
            hedges.earn()
        self.assertEqual(sum(hedges.spend() for _ in range(100)), behaviour.HEDGE_BURST)


if __name__ == "__main__":
    unittest.main()
