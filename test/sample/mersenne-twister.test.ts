import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { mersenneTwister } from '../../src/sample/mersenne-twister.js';

describe('mersenneTwister', () => {
  it('yields the reference outputs of MT19937', () => {
    const generator = mersenneTwister(5489);
    const outputs = Array.from({ length: 10_000 }, () => generator.u32());
    assert.deepEqual(outputs.slice(0, 3), [3499211612, 581869302, 3890346734]);
    // The C++ standard fixes the ten thousandth output of the default seed.
    assert.equal(outputs[9999], 4123659995);
  });

  it('yields what torch.manual_seed(42) yields', () => {
    assert.equal(mersenneTwister(42).rand(), 0.8822692632675171);
    assert.equal(mersenneTwister(42).uniform(0.1, 2), 1.7763116359710693);
    assert.equal(mersenneTwister(42).randint(3, 1000), 976);
    assert.deepEqual(mersenneTwister(42).randperm(10), [2, 6, 1, 8, 4, 5, 0, 9, 3, 7]);
  });

  it('takes the low 32 bits of a seed', () => {
    assert.equal(mersenneTwister(2 ** 32 + 5).u32(), mersenneTwister(5).u32());
  });

  it('keeps generators apart', () => {
    const first = mersenneTwister(1);
    first.u32();
    const second = mersenneTwister(2);
    assert.equal(second.u32(), mersenneTwister(2).u32());
    const third = mersenneTwister(1);
    third.u32();
    assert.equal(first.u32(), third.u32());
  });
});
