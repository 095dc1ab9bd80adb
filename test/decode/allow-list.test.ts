import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import '../../src/decode/allow-list.js';

test('what is not on the allow-list is blocked', async () => {
  const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>');
  await assert.rejects(sharp(svg).raw().toBuffer(), /blocked|unsupported/);
});
