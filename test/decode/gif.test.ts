import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import { gif } from '../../src/decode/gif.js';
import { defaultLimits } from '../../src/run/limits.js';

const look = () => {};
const file = await sharp({ create: { width: 12, height: 34, channels: 3, background: '#468' } })
  .gif()
  .toBuffer();
const box = { top: 1, left: 2, width: 1, height: 1 };

test('the first frame is decoded, and refused where it is cut, whatever the box', async () => {
  assert.ok(gif.matches(file) && !gif.matches(Buffer.from('GIF99a')));
  const header = gif.read(file, look)!;
  assert.deepEqual([header.width, header.height], [12, 34]);
  assert.deepEqual([...(await header.decode!(file, box, defaultLimits))!.data], [0x44, 0x66, 0x88]);
  const cut = file.subarray(0, -8);
  assert.throws(() => gif.read(cut, look)!.decode!(cut, box, defaultLimits), { reason: 'SAMPLE_CORRUPT' });
  assert.equal(gif.read(file.subarray(0, 20), look), null);
});

test('around a frame lies its transparent index', async () => {
  const colours = Buffer.from([1, 2, 3, 4, 5, 6]);
  const control = Buffer.from([0x21, 0xf9, 4, 1, 0, 0, 1, 0]);
  const frame = Buffer.from([0x2c, 1, 0, 1, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0]);
  const screen = Buffer.from([...Buffer.from('GIF89a'), 3, 0, 2, 0, 0x80, 0, 0]);
  const small = Buffer.concat([screen, colours, control, frame, Buffer.from(';')]);
  const { data } = (await gif.read(small, look)!.decode!(
    small,
    { top: 0, left: 0, width: 3, height: 2 },
    defaultLimits,
  ))!;
  assert.deepEqual([...data.subarray(0, 3)], [4, 5, 6]);
  assert.deepEqual([...data.subarray(12, 15)], [1, 2, 3]);
});
