import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import { walkJpeg } from '../../src/decode/jpeg-walk.js';
import { naturalOrder, readCoefficients } from '../../src/decode/progressive.js';

const raw = { width: 40, height: 24, channels: 1 } as const;
const ramp = Buffer.from(Array.from({ length: 40 * 24 }, (_, i) => (i % 40) * 6));

async function coefficientsOf(pixels: Buffer) {
  const file = await sharp(pixels, { raw }).jpeg({ progressive: true, quality: 95 }).toBuffer();
  const walk = walkJpeg(file, () => {});
  assert.ok(!('refused' in walk) && walk.progression);
  return { walk, ...readCoefficients(file, walk.frame, walk.progression.passes, () => {}) };
}

test('scans are put together to the blocks of the image', async () => {
  const { planes, lastGood, walk } = await coefficientsOf(ramp);
  const [{ across, down, values, component }] = planes as [(typeof planes)[0]];
  assert.deepEqual([across, down, lastGood], [5, 3, Math.ceil(3 / component.down) - 1]);
  const factors = walk.progression!.quants.get(component)!;
  // The mean of a block is its first coefficient, eighths of it above grey.
  for (let x = 0; x < across; x++) {
    const mean = (values[x * 64]! * factors[0]!) / 8 + 128;
    assert.ok(Math.abs(mean - (x * 8 + 3.5) * 6) < 2, `${x}: ${mean}`);
  }
  // A ramp to the right has nothing that goes down.
  assert.ok(values.every((value, i) => value === 0 || i % 64 < 8));
});

test('a scan that is cut leaves what it does not reach, and says where it ended', async () => {
  const { walk } = await coefficientsOf(Buffer.from(ramp.map((level, i) => level ^ (i * 37))));
  const file = await sharp(ramp, { raw }).jpeg({ progressive: true }).toBuffer();
  const [pass] = walk.progression!.passes;
  const short = Buffer.concat([file.subarray(0, pass!.at), Buffer.of(0xff, 0xd9)]);
  const { planes, lastGood } = readCoefficients(short, walk.frame, [pass!], () => {});
  assert.equal(lastGood, 0);
  assert.ok(planes[0]!.values.every((value) => value === 0 || Math.abs(value) < 2048));
});

test('a place beyond a block is its last one', () => {
  assert.deepEqual([naturalOrder[0], naturalOrder[2], naturalOrder[63], naturalOrder[78]], [0, 8, 63, 63]);
  assert.equal(new Set(naturalOrder).size, 64);
});
