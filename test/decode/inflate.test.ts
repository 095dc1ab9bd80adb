import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateSync } from 'node:zlib';
import { inflateSound } from '../../src/decode/inflate.js';

const look = () => {};

/** Of one that is inflated by one call, and of one that is inflated in pieces. */
for (const length of [1000, 33 * 1024 * 1024]) {
  const data = Buffer.alloc(length, 'sound ');
  const packed = deflateSync(data, { level: 1 });

  test(`a stream of ${length} bytes gives them, and how much of the input it took`, async () => {
    const found = await inflateSound(Buffer.concat([packed, Buffer.alloc(9)]), length, 0, look);
    assert.ok(found!.data.equals(data));
    assert.equal(found!.used, packed.length);
    const few = await inflateSound(packed, length - 10, 10, look);
    assert.ok(few!.data.equals(data.subarray(0, -10)));
  });

  test(`a stream of ${length} bytes that is cut, damaged, or of another length is none`, async () => {
    const wrong = Buffer.from(packed);
    wrong[wrong.length - 1]! ^= 1;
    for (const bytes of [packed.subarray(0, -1), wrong, Buffer.of(1, 2, 3)])
      assert.equal(await inflateSound(bytes, length, 0, look), null);
    assert.equal(await inflateSound(packed, length + 1, 0, look), null);
    assert.equal(await inflateSound(packed, length - 10, 9, look), null);
  });
}

test('the clock ends a long stream within a piece of it', async () => {
  const bomb = deflateSync(Buffer.alloc(33 * 1024 * 1024), { level: 1 });
  let looks = 0;
  const clock = () => {
    if (++looks === 3) throw new Error('late');
  };
  await assert.rejects(async () => inflateSound(bomb, 2 ** 30, 0, clock), /late/);
  assert.equal(looks, 3);
});
