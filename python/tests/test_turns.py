"""Which lane takes which turn, and how many lanes there are: the same rules as test/client/turns.test.ts holds."""

import random
import unittest

from tributary import behaviour
from tributary.turns import Growth, Turns


class TurnsTest(unittest.TestCase):
    def test_every_turn_is_dealt_once_whenever_there_come_to_be_more_lanes(self):
        for seed in range(500):
            with self.subTest(seed=seed):
                self.deal(random.Random(seed))

    def deal(self, dice):
        count, lanes = dice.randint(1, 200), dice.randint(1, 6)
        turns = Turns(count, lanes)
        at = list(range(lanes))
        seen = []

        def advance(lane):
            turn = at[lane]
            seen.append(turn)
            at[lane] = turns.after(turn, lane)
            if turns.run(turn) > 1:
                self.assertEqual(at[lane], turn + turns.stride(turn))

        for _ in range(dice.randint(0, 4)):
            for _ in range(dice.randint(0, 20)):
                least = at.index(min(at))
                if at[least] < count:
                    advance(least)
            first, wider = max([*at, turns.since]) + 1, turns.lanes + dice.randint(1, 5)
            if first + wider <= count:
                turns.widen(first, wider)
                at += [first + lane for lane in range(len(at), wider)]
        for lane in range(len(at)):
            while at[lane] < count:
                advance(lane)
        self.assertEqual(sorted(seen), list(range(count)))


class GrowthTest(unittest.TestCase):
    def after(self, waits, replicas, given=0, most=64, lanes=2):
        growth = Growth(given, most, 0.0)
        for lane in range(lanes):
            growth.took(0.1 * lane, 0.1 * lane + waits / lanes)
        return growth.next(lanes, replicas, None, behaviour.STARVED_SECONDS)

    def test_lanes_become_more_while_the_trainer_waits_and_replicas_have_room_and_only_then(self):
        self.assertEqual(self.after(0.5, 4), 4)
        self.assertEqual(self.after(0.05, 4), 2)
        self.assertEqual(self.after(0.5, 1), 2)
        self.assertEqual(self.after(0.5, 4, given=2), 2)
        self.assertEqual(self.after(0.5, 4, most=3), 3)
        self.assertEqual(self.after(0.5, 64, lanes=12), behaviour.MOST_LANES)

    def test_nothing_is_said_before_each_lane_has_brought_a_batch(self):
        second = behaviour.STARVED_SECONDS
        growth = Growth(0, 64, 0.0)
        self.assertEqual(growth.next(2, 4, 0.0, second), 2)
        growth.took(0.0, second)
        growth.took(None, second)
        self.assertEqual(growth.next(2, 4, None, 0.99 * second), 2)
        self.assertEqual(growth.next(2, 4, None, second), 4)
        self.assertEqual(growth.next(4, 4, second, 2 * second), 4)

    def test_the_first_lanes_are_as_many_as_there_are_replicas_within_bounds(self):
        firsts = [Growth(0, 64, 0.0).first(replicas) for replicas in (1, 2, 3, 8)]
        self.assertEqual(firsts, [2, 2, 3, behaviour.FIRST_LANES])
        self.assertEqual(Growth(5, 64, 0.0).first(8), 5)


if __name__ == "__main__":
    unittest.main()
