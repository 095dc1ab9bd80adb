import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { pino } from 'pino';
import { type CachingFlags, openCaches } from '../../src/cli/caching.js';
import { serveCommand } from '../../src/cli/serve.js';
import { temporaryFolder } from '../fleet.js';

const log = pino({ level: 'silent' });
const flags = (...args: string[]): CachingFlags =>
  serveCommand()
    .action(() => {})
    .parse(['--listen', '127.0.0.1:0', ...args], { from: 'user' })
    .opts();

test('caches are off until they are asked for, and those that are have their sizes', async (t) => {
  assert.deepEqual([...(await openCaches(flags(), log)).state()], []);
  const folder = join(await temporaryFolder(t), 'cache');
  const asked = flags(
    '--cache-memory',
    '1MiB',
    '--cache-folder',
    folder,
    '--cache-disk',
    '2MiB',
    '--cache-decoded',
    '4MiB',
  );
  const caches = [...(await openCaches(asked, log)).state()];
  assert.deepEqual(
    // A memory cache has whole blocks, the words that lead them among its bytes.
    caches.map(({ name, bytes, budget }) => [name, bytes, Math.ceil(budget / 2 ** 20)]),
    [
      ['memory', 0, 1],
      ['disk', 0, 2],
      ['decoded', 0, 4],
    ],
  );
});

test('a folder without a size, a size without a folder, and more than the machine has are refused', async () => {
  for (const [args, message] of [
    [['--cache-folder', '/tmp/x'], /together, but got --cache-folder alone/],
    [['--cache-disk', '1MiB'], /together, but got --cache-disk alone/],
    [['--cache-memory', '900TiB'], /caches that fit in this machine's \d+ bytes/],
  ] as const)
    await assert.rejects(openCaches(flags(...args), log), { reason: 'ARGUMENT_INVALID', message });
});
