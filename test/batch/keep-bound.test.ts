import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { KeepBound } from '../../src/batch/keep-bound.js';

const MiB = 1024 * 1024;

test('little is kept while nobody comes back, and twice as much each time somebody does', () => {
  const bound = new KeepBound(1024 * MiB);
  assert.equal(bound.bytes, 64 * MiB);
  bound.missed('never there');
  assert.equal(bound.bytes, 64 * MiB);
  bound.dropped('a', 10 * MiB);
  bound.missed('a');
  assert.equal(bound.bytes, 128 * MiB);
  bound.missed('a');
  assert.equal(bound.bytes, 128 * MiB, 'one drop counted twice');
});

test('who comes later than all of the memory would serve changes nothing', () => {
  const bound = new KeepBound(200 * MiB);
  for (const name of ['a', 'b', 'c', 'd']) bound.dropped(name, 60 * MiB);
  bound.missed('a');
  assert.equal(bound.bytes, 64 * MiB);
  bound.missed('b');
  assert.equal(bound.bytes, 128 * MiB);
});

test('it is never more than there is, nor less than before', () => {
  const event = fc.record({
    kind: fc.constantFrom('dropped', 'missed'),
    name: fc.constantFrom(...'abcdefgh'),
    bytes: fc.integer({ min: 1, max: 90 * MiB }),
  });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 600 * MiB }), fc.array(event, { maxLength: 60 }), (most, events) => {
      const bound = new KeepBound(most);
      for (const { kind, name, bytes } of events) {
        const before = bound.bytes;
        if (kind === 'dropped') bound.dropped(name, bytes);
        else bound.missed(name);
        assert.ok(bound.bytes >= before && bound.bytes <= most);
      }
    }),
  );
});
