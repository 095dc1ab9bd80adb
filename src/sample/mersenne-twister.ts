const words = 624;
const offset = 397;

/**
 * torch's CPU generator after `torch.manual_seed(seed)`, reduced to the draws that the transforms make. Each method
 * yields the very value that the torch function of its name yields, and consumes as many 32-bit outputs.
 */
export interface Generator {
  /** The next 32 bits, as an unsigned integer. */
  u32(): number;
  /** `torch.rand(1)`: float32 in [0, 1), on the grid of 2^-24. */
  rand(): number;
  /** `torch.empty(1).uniform_(from, to)`: float32. */
  uniform(from: number, to: number): number;
  /** `torch.randint(low, high, (1,))` for `0 < high - low < 2^32`. */
  randint(low: number, high: number): number;
  /** `torch.randperm(n)`. */
  randperm(n: number): number[];
}

/**
 * Seeds a generator as `torch.manual_seed` does: MT19937 with `init_genrand(seed mod 2^32)`.
 *
 * Source: aten/src/ATen/core/MT19937RNGEngine.h; the distributions are those of
 * aten/src/ATen/core/TransformationHelper.h (`uniform_real`, `uniform_int_from_to`) and
 * aten/src/ATen/native/TensorFactories.cpp (`randperm_cpu`).
 *
 * @param seed an integer in [0, 2^32); beyond, only its low 32 bits count.
 */
export function mersenneTwister(seed: number): Generator {
  const state = new Int32Array(words);
  state[0] = seed;
  let seeded = 1;
  let next = 0;

  // A sample takes some twenty outputs, and output i needs no state word beyond i + 397: most of the rest is never seeded.
  function seedUpTo(count: number): void {
    let last = state[seeded - 1]!;
    for (let i = seeded; i < count; i++) {
      last = (Math.imul(1812433253, last ^ (last >>> 30)) + i) | 0;
      state[i] = last;
    }
    seeded = count;
  }

  function u32(): number {
    const i = next;
    const following = i + 1 === words ? 0 : i + 1;
    const far = i + offset < words ? i + offset : i + offset - words;
    if (i + offset >= seeded && seeded < words) seedUpTo(Math.min(words, i + offset + 32));
    const mixed = (state[i]! & 0x80000000) | (state[following]! & 0x7fffffff);
    let word = state[far]! ^ (mixed >>> 1) ^ (mixed & 1 ? 0x9908b0df : 0);
    state[i] = word;
    next = following;
    word ^= word >>> 11;
    word ^= (word << 7) & 0x9d2c5680;
    word ^= (word << 15) & 0xefc60000;
    word ^= word >>> 18;
    return word >>> 0;
  }

  const fraction = () => (u32() & 0xffffff) * 2 ** -24;

  return {
    u32,
    rand: fraction,
    uniform(from, to) {
      const low = Math.fround(from);
      return Math.fround(fraction() * Math.fround(Math.fround(to) - low) + low);
    },
    randint: (low, high) => low + (u32() % (high - low)),
    randperm(n) {
      const order = Array.from({ length: n }, (_, i) => i);
      for (let i = 0; i < n - 1; i++) {
        const j = i + (u32() % (n - i));
        const swapped = order[i]!;
        order[i] = order[j]!;
        order[j] = swapped;
      }
      return order;
    },
  };
}
