import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listeningCommand } from '../../src/cli/listening.js';

const parsed = (...args: string[]) =>
  listeningCommand('x')
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
    .parse(args, { from: 'user' })
    .opts();

test('whoever listens says where, and the rest has its defaults', () => {
  assert.deepEqual(parsed('--listen', '127.0.0.1:0'), {
    config: 'tributary.yaml',
    listen: '127.0.0.1:0',
    logLevel: 'info',
    jwtTolerance: 30,
  });
  const all = parsed('--listen', '[::1]:5', '--metrics-listen', 'h:9', '--insecure', '--log-level', 'error');
  assert.deepEqual(all, {
    config: 'tributary.yaml',
    listen: '[::1]:5',
    metricsListen: 'h:9',
    insecure: true,
    logLevel: 'error',
    jwtTolerance: 30,
  });
  assert.throws(() => parsed(), /--listen/);
  assert.throws(() => parsed('--listen', '50051'), /host:port/);
  assert.throws(() => parsed('--listen', 'a:1', '--log-level', 'loud'), /choices/);
});
