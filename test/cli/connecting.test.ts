import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectingCommand, connection } from '../../src/cli/connecting.js';

const parsed = (...args: string[]) =>
  connectingCommand('x')
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
    .parse(args, { from: 'user' });

test('what replicas are asked with comes from the flags, as the client takes it', async () => {
  const given = parsed('--address', 'a:1,b:2', '--run', 'r', '--rank', '1', '--world-size', '4', '--patience', '2.5');
  assert.deepEqual(await connection(given.opts()), {
    ...{ address: 'a:1,b:2', run: { name: 'r' }, rank: 1, worldSize: 4, patience: 2.5 },
  });
  const plain = await connection(parsed('--address', 'a:1', '--run', 'r').opts());
  assert.deepEqual([plain.rank, plain.worldSize, plain.patience], [0, 1, 60]);
});

test('an address and a run are needed, and numbers are numbers', () => {
  assert.throws(() => parsed('--run', 'r'), /--address/);
  assert.throws(() => parsed('--address', 'a:1'), /--run/);
  assert.throws(() => parsed('--address', 'a:1', '--run', 'r', '--world-size', '0'), /integer of 1 or more/);
});
