import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeBlock, frameState, mostBlock } from '../../src/packing/zstandard-block.js';

/** A literal, and sequences that are matches of 34 bytes and nothing else: by tables of one code that take no bits. */
const matches = (...count: number[]) => Buffer.of(8, 7, ...count, 0x54, 0, 0, 31, 1);
const out = () => Buffer.alloc(4 + mostBlock + 64, 9);

test('a block has what its sequences say, and then the literals that are left', () => {
  const room = out();
  const state = frameState();
  assert.equal(decodeBlock(matches(2), room, 4, 69, state), 73);
  assert.deepEqual(room.subarray(0, 72), Buffer.alloc(72, 9));
  assert.equal(room[72], 7);
  // The offsets of 1 and 4 have each been the last.
  assert.deepEqual(state.recent, [1, 4, 8]);
  assert.throws(() => decodeBlock(matches(2), room, 4, 68, frameState()), /damaged/);
  assert.throws(() => decodeBlock(matches(2), room, 3, 69, frameState()), /damaged/, 'from before the frame');
});

test('a block gives no more than it may hold, whatever it says of its sequences', () => {
  const room = out();
  assert.equal(decodeBlock(matches(0x8f, 0), room, 4, mostBlock, frameState()), 4 + 34 * 3840 + 1);
  assert.throws(() => decodeBlock(matches(0xff, 0xff, 0xff), room, 4, mostBlock, frameState()), /damaged/);
  assert.deepEqual(room.subarray(4 + mostBlock), Buffer.alloc(64, 9));
});

test('literals are no more than a block holds, and what an earlier block left is there only if one did', () => {
  const room = out();
  const decode = (...bytes: number[]) => decodeBlock(Buffer.from(bytes), room, 4, mostBlock, frameState());
  // One byte 131,072 times and once more, then no sequences.
  assert.equal(decode(0x0d, 0x00, 0x20, 5, 0), 4 + mostBlock);
  assert.throws(() => decode(0x1d, 0x00, 0x20, 5, 0), /damaged/);
  assert.throws(() => decode(8, 7, 1, 0xfc, 1), /damaged/, 'tables of before');
  assert.throws(() => decode(0x13, 0x40, 0, 1, 0), /damaged/, 'codes of before');
  assert.throws(() => decode(0, 0, 0), /damaged/, 'bytes behind no sequences');
});
