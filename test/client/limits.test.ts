import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { Loader } from '../../src/client/loader.js';
import { contract } from '../../src/contract/contract.js';

test('a message that is too large is named at once, and not tried again until the patience is over', async (t) => {
  const server = new Server();
  server.addService(contract.tributary.v1.LoaderService.service, {
    DescribeRun: (_: unknown, done: (error: null, answer: object) => void) => done(null, { name: 'a'.repeat(9 << 20) }),
    PlanBatches: () => {},
    StreamBatches: () => {},
  });
  t.after(() => server.forceShutdown());
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  const loader = await Loader.connect({ address: `127.0.0.1:${port}`, run: { name: 'a' }, patience: 60 });
  t.after(() => loader.close());
  const start = performance.now();
  await assert.rejects(loader.describe(), { reason: 'TOO_MUCH_ASKED' });
  assert.ok(performance.now() - start < 30_000);
});

test('a client without descriptors says so at once', async () => {
  const program = `
    import { openSync } from 'node:fs';
    import { Loader } from ${JSON.stringify(new URL('../../src/client/loader.js', import.meta.url).href)};
    const loader = await Loader.connect({ address: '127.0.0.1:1', run: { name: 'a' }, patience: 60 });
    console.log('');
    try { for (;;) openSync('/dev/null'); } catch {}
    await loader.describe().catch(({ reason }) => console.log(reason));
    process.exit();`;
  const command = 'ulimit -n 128; exec "$0" --input-type=module -e "$1"';
  const { stdout } = await promisify(execFile)('bash', ['-c', command, process.execPath, program], { timeout: 30_000 });
  assert.equal(stdout.trim(), 'CLIENT_EXHAUSTED');
});
