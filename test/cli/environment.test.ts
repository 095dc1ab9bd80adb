import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { readEnvironment } from '../../src/cli/environment.js';
import { listeningCommand } from '../../src/cli/listening.js';

/** The options that a command takes from these arguments and this environment. */
function parsed(t: TestContext, environment: Record<string, string>, ...args: string[]) {
  const before = { ...process.env };
  t.after(() => {
    process.env = before;
  });
  process.env = { ...before, ...environment };
  const command = listeningCommand('x').exitOverride();
  readEnvironment(command);
  return command
    .configureOutput({ writeErr: () => {} })
    .parse(args, { from: 'user' })
    .opts();
}

test('an option is taken from the environment, and the command line is stronger', (t) => {
  const environment = { TRIBUTARY_LISTEN: '127.0.0.1:1', TRIBUTARY_METRICS_LISTEN: 'h:2', TRIBUTARY_CONFIG: 'c.yaml' };
  const options = parsed(t, environment, '--listen', '127.0.0.1:3');
  assert.deepEqual([options.listen, options.metricsListen, options.config], ['127.0.0.1:3', 'h:2', 'c.yaml']);
  assert.throws(
    () => parsed(t, { TRIBUTARY_LISTEN: 'nowhere' }),
    /TRIBUTARY_LISTEN to be what --listen <host:port> takes, but got nowhere/,
  );
});

test('an option without a value is set by 1 or true alone', (t) => {
  const insecure = (value: string) => parsed(t, { TRIBUTARY_INSECURE: value, TRIBUTARY_LISTEN: 'h:1' }).insecure;
  assert.deepEqual(['1', 'true', '0', 'false', ''].map(insecure), [true, true, undefined, undefined, undefined]);
  assert.throws(() => insecure('yes'), /TRIBUTARY_INSECURE .*but got yes\. Set it to 1, true, 0 or false/);
});
