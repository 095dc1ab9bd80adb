import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import { rewriteTiff } from '../../src/decode/rewrite-tiff.js';
import { readTiffDirectory } from '../../src/decode/tiff-directory.js';

test('a file is written of the strips or tiles and the tags that matter, and gives the same pixels', async () => {
  const raw = { width: 70, height: 50, channels: 3 } as const;
  const pixels = Buffer.from(Array.from({ length: 70 * 50 * 3 }, (_, i) => ((i * i) >> 3) & 255));
  for (const compression of ['jpeg', 'webp'] as const)
    for (const tile of [true, false]) {
      const file = await sharp(pixels, { raw }).tiff({ compression, tile, tileWidth: 16, tileHeight: 32 }).toBuffer();
      const read = (bytes: Buffer) => readTiffDirectory(bytes, bytes.readUInt32LE(4), true, false)!;
      const written = rewriteTiff(file, read(file));
      const decoded = await Promise.all([file, written].map((bytes) => sharp(bytes).raw().toBuffer()));
      assert.ok(decoded[0]!.equals(decoded[1]!), `${compression} ${tile}`);
      const { offsets } = read(file);
      assert.throws(() => rewriteTiff(file.subarray(0, offsets.at(-1)), read(file)), { metadata: { cause: 'data' } });
    }
});
