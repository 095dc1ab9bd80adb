"""The plan, written again in Python from docs/order-and-mixing.md, as plainly as it gets.

`python3 test/plan/restate.py test/plan/golden.json` compares it with the committed orders and seeds.
"""

import json
import math
import struct
import sys
from fractions import Fraction

M = 2**32 - 1
P1, P2, P3, P4, P5 = 0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D, 0x27D4EB2F, 0x165667B1


def rotate(x, bits):
    return (x << bits | x >> (32 - bits)) & M


def xxh32(data, seed):
    at = 0
    if len(data) >= 16:
        lanes = [(seed + P1 + P2) & M, (seed + P2) & M, seed, (seed - P1) & M]
        while at + 16 <= len(data):
            words = struct.unpack_from("<4I", data, at)
            lanes = [rotate((a + w * P2) & M, 13) * P1 & M for a, w in zip(lanes, words)]
            at += 16
        h = sum(rotate(a, bits) for a, bits in zip(lanes, (1, 7, 12, 18))) & M
    else:
        h = (seed + P5) & M
    h = (h + len(data)) & M
    while at + 4 <= len(data):
        h = rotate((h + struct.unpack_from("<I", data, at)[0] * P3) & M, 17) * P4 & M
        at += 4
    for byte in data[at:]:
        h = rotate((h + byte * P5) & M, 11) * P1 & M
    h = (h ^ h >> 15) * P2 & M
    h = (h ^ h >> 13) * P3 & M
    return h ^ h >> 16


def message(a, b, c, source, key=""):
    source = source.encode()
    return struct.pack("<QQQI", a, b, c, len(source)) + source + key.encode()


def mix(h):
    h = (h ^ h >> 16) * 0x7FEB352D & M
    h = (h ^ h >> 15) * 0x846CA68B & M
    return h ^ h >> 16


def hash_key(purpose, *identity):
    first = {"walk": 1, "order": 3, "draw": 5}[purpose]
    return xxh32(message(*identity), first), xxh32(message(*identity), first + 1)


def word(key, counter):
    low, high = key
    return mix(mix((low + counter * 0x9E3779B9) & M) ^ (high + counter & M))


def permute(n, key, x):
    bits = (n - 1).bit_length()
    right_bits = bits // 2
    left_mask, right_mask = 2 ** (bits - right_bits) - 1, 2**right_bits - 1
    while True:
        left, right = x >> right_bits, x & right_mask
        for r in range(32 if n <= 256 else 12):
            if r % 2 == 0:
                left ^= mix(right ^ word(key, r)) & left_mask
            else:
                right ^= mix(left ^ word(key, r)) & right_mask
        x = left << right_bits | right
        if x < n:
            return x


def nearest(x):
    return math.floor(x + Fraction(1, 2))


def weights_of(run):
    counts = [s["count"] for s in run["sources"]]
    if run["weights"]:
        return [Fraction(repr(run["weights"][s["name"]])) for s in run["sources"]]
    t = run["sample_t"]
    if t == 0.5:
        return [Fraction(repr(math.sqrt(n))) for n in counts]
    return [Fraction(1) if t == 1 else Fraction(repr(n ** (1 - t))) for n in counts]


def groups_of(weights, batch):
    groups, first = [], 0
    while first < len(weights):
        end = first + 1
        while 0 < first and end < len(weights) and sum(weights[first:end]) * batch < sum(weights):
            end += 1
        groups.append(range(first, end))
        first = end
    return groups


def counts_before(weights, batch, step):
    counts, boundary = [0] * len(weights), 0
    for group in groups_of(weights, batch):
        following = nearest(sum(weights[: group.stop]) / sum(weights) * batch * step)
        left, rest = following - boundary, sum(weights[i] for i in group)
        for i in sorted(group, key=lambda i: (weights[i], i)):
            counts[i] = nearest(weights[i] / rest * left)
            left, rest = left - counts[i], rest - weights[i]
        boundary = following
    return counts


def exact(run, epoch, step):
    weights, batch, seed = weights_of(run), run["global_batch"], run["seed"]
    before, after = counts_before(weights, batch, step), counts_before(weights, batch, step + 1)
    composed = [(i, at) for i in range(len(weights)) for at in range(before[i], after[i])]
    order = hash_key("order", seed, epoch, step, "")
    for slot in range(batch):
        source, position = composed[permute(batch, order, slot)]
        name, count = run["sources"][source]["name"], run["sources"][source]["count"]
        walk = hash_key("walk", seed, epoch, position // count, name)
        yield source, position, position // count, permute(count, walk, position % count)


def iid(run, epoch, step):
    weights, batch = weights_of(run), run["global_batch"]
    shares = [float(Fraction(math.floor(2**64 * w / sum(weights)), 2**64)) for w in weights]
    key = hash_key("draw", run["seed"], epoch, step, "")

    def uniform(counter):
        return ((word(key, counter) >> 5) * 2**26 + (word(key, counter + 1) >> 6)) / 2**53

    for slot in range(batch):
        u, source = uniform(4 * slot), 0
        while source < len(shares) - 1 and u >= shares[source]:
            u, source = u - shares[source], source + 1
        index = math.floor(uniform(4 * slot + 2) * run["sources"][source]["count"])
        yield source, step * batch + slot, step * batch + slot, index


def validation(run, epoch, step):
    batch = run["global_batch"]
    samples = [(i, j, 0, j) for i, s in enumerate(run["sources"]) for j in range(s["count"])]
    yield from samples[step * batch : (step + 1) * batch]


def batch_seed(run_seed, epoch, step, rank):
    return xxh32(message(run_seed, epoch, step, "", str(rank)), 7)


def main(path):
    steps = samples = 0
    golden = json.load(open(path))
    for case in golden:
        run = case["run"]
        way = validation if run["split"] == "val" else {"exact": exact, "iid": iid}[run["sampling"]]
        for at in case["steps"]:
            planned = []
            for source, position, walk_pass, index in way(run, at["epoch"], at["step"]):
                name = run["sources"][source]["name"]
                seed = xxh32(message(run["seed"], at["epoch"], walk_pass, name, f"{name}/{index}.jpg"), 0)
                planned.append([source, position, walk_pass, index, seed])
            if planned != at["samples"]:
                sys.exit(f"differs: {run} epoch {at['epoch']} step {at['step']}\n{planned}\n{at['samples']}")
            steps += 1
            samples += len(planned)
    print(f"{len(golden)} runs, {steps} steps, {samples} samples agree")


if __name__ == "__main__":
    main(sys.argv[1])
