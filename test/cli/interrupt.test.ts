import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { indexedSamples, sevenRun, startServer, temporaryFolder } from '../fleet.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const main = join(root, 'dist/src/cli/main.cjs');

test('Ctrl-C ends train and fetch with 130 long before they are done, and says where to go on', async (t) => {
  const config = await indexedSamples(t, { long: sevenRun({ image_size: 224, epochs: 1000 }) });
  const replica = await startServer(t, 'serve', ['--config', config]);
  const schedule = await startServer(t, 'schedule', ['--config', config]);
  const out = await temporaryFolder(t);
  const place = ['--address', replica.address, '--run', 'long'];
  const cases = [
    {
      args: ['train', ...place, '--schedule', schedule.address, '--batches'],
      says: /interrupted; go on with --cursor v1\.[0-9a-f]{16}\.e\d+\.s\d+\n$/,
    },
    { args: ['fetch', ...place, '--epoch', '0', '--step', '0', '--steps', '7', '--out', out], says: /interrupted\n$/ },
  ];
  for (const { args, says } of cases) {
    const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    await new Promise((resolve) => createInterface({ input: child.stdout }).once('line', resolve));
    child.kill('SIGINT');
    const code = await new Promise((resolve) => child.once('close', resolve));
    assert.equal(code, 130, stderr);
    assert.match(stderr, says);
  }
});
