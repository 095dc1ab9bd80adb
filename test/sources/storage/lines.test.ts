import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { linesOf } from '../../../src/sources/storage/lines.js';
import { temporaryFolder } from '../tree.js';

test('lines come whole, whatever the windows are that they are read by', async (context) => {
  const path = join(await temporaryFolder(context), 'lines');
  const lines = Array.from({ length: 30 }, (_, i) => `${i}ä`.repeat(30_000 + i));
  await writeFile(path, `\n${lines.join('\r\n\n')}`);
  const found: string[] = [];
  for await (const line of linesOf(path)) found.push(line);
  assert.deepEqual(found, lines);
  await assert.rejects(linesOf(`${path}-not`).next(), { reason: 'SOURCE_UNREADABLE' });
});
