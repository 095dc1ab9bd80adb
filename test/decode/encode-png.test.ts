import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeCrop } from '../../src/decode/decode-crop.js';
import { encodePng } from '../../src/decode/encode-png.js';
import { defaultLimits } from '../../src/run/limits.js';

test('pixels come out of the file as they went in', async () => {
  const [width, height] = [7, 5];
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 37) & 255);
  const file = await encodePng({ data, width, height });
  const crop = await decodeCrop(file, { top: 0, left: 0, width, height }, defaultLimits);
  assert.deepEqual(Buffer.from(crop.data), Buffer.from(data));
});
