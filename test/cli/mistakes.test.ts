import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { stringify } from 'yaml';
import { indexedSamples, sevenRun, startServer, temporaryFolder, tributary } from '../fleet.js';

const runs = { whole: sevenRun({ image_size: 48 }) };

/** Runs a command that must fail: with this code, and one line that names the mistake and the way out. */
async function refused(args: readonly string[], code: number, message: RegExp, cwd: string): Promise<void> {
  const ended = await tributary(args, { cwd });
  const said = `tributary ${args.join(' ')}\n${ended.stderr}`;
  assert.equal(ended.code, code, said);
  assert.match(ended.stderr, message, said);
  assert.match(ended.stderr, /^tributary: [^\n]*\n$/, `not one line: ${said}`);
  assert.doesNotMatch(ended.stderr, /\n {4}at |undefined|\[object/, said);
  assert.equal(ended.stdout, '', said);
}

test('mistakes in arguments are one line each, and exit with 2', async (t) => {
  const cwd = dirname(await indexedSamples(t, runs));
  const steps = ['--run', 'whole', '--epoch', '0', '--steps'];
  const listen = ['serve', '--listen', '127.0.0.1:0'];
  const cases: [string[], RegExp][] = [
    [['plann'], /unknown command 'plann' \(Did you mean plan\?\) \(see tributary --help\)/],
    [['plan'], /required option '--run <name>' not specified \(see tributary plan --help\)/],
    [['plan', ...steps, '5..2'], /'5\.\.2' is invalid\. Expected steps as A\.\.B with A no greater than B/],
    [['plan', ...steps, '0..7'], /expected a step from 0 to 6, but got 7\. .*STEP_OUT_OF_RANGE/],
    [
      ['plan', '--run', 'whole', '--epoch', '3', '--steps', '0'],
      /expected an epoch from 0 to 2, but got 3\. .*EPOCH_OUT_OF_RANGE/,
    ],
    [
      ['plan', ...steps, '0', '--world-size', '3'],
      /divides the global batch of 8, but got 3\. Use a world size of 2 or 4/,
    ],
    [['plan', ...steps, '0', '--world-size', '4', '--rank', '4'], /expected a rank from 0 to 3, but got 4/],
    [
      ['plan', '--run', 'hole', '--epoch', '0', '--steps', '0'],
      /expected a run of tributary\.yaml, but got "hole"\. The nearest name is whole/,
    ],
    [['plan', '--config', 'nowhere.yaml', ...steps, '0'], /expected to read the config nowhere\.yaml, but got ENOENT/],
    [
      ['find', '--run', 'whole', '--source', 'cocos', '--key', 'x'],
      /a source of run whole, but got cocos\. The nearest name is coco\. .*UNKNOWN_SOURCE/,
    ],
    [
      ['find', '--run', 'whole', '--source', 'coco', '--key', 'x'],
      /a key of source coco, but got x\. Write keys like images\/train2017\/\d+\.jpg/,
    ],
    [
      ['find', '--run', 'whole', '--source', 'coco', '--key', 'images/train2017/000000000009.jpg', '--epoch', '3'],
      /EPOCH_OUT_OF_RANGE/,
    ],
    [['mixture', '--run', 'whole', '--steps', '0..7'], /STEP_OUT_OF_RANGE/],
    [['diff', 'whole', 'seve'], /but got "seve"\. The nearest name is seven/],
    [['diff', 'whole', 'seven', '--epoch', '3'], /EPOCH_OUT_OF_RANGE/],
    [['preview', '--run', 'whole', '--step', '7', '--out', 'x.png'], /STEP_OUT_OF_RANGE/],
    [
      [
        'augment',
        'coco/images/train2017/000000000009.jpg',
        '--recipe',
        'dinov3',
        '--seed',
        '1',
        '--out',
        '/proc/x/y.png',
      ],
      /expected to write \/proc\/x\/y\.png, but got ENOENT/,
    ],
    [
      ['index', '--source', 'cocos'],
      /expected a source of tributary\.yaml, but got "cocos"\. The nearest name is coco/,
    ],
    [
      ['fetch', '--address', 'loader', '--run', 'whole', '--epoch', '0', '--step', '0', '--out', 'x'],
      /expected an address host:port.* but got "loader"\. Name the port as well/,
    ],
    [
      [
        'fetch',
        '--address',
        '127.0.0.1:1',
        '--run',
        'whole',
        '--epoch',
        '0',
        '--step',
        '0',
        '--out',
        'x',
        '--patience',
        'long',
      ],
      /'long' is invalid\. Expected seconds/,
    ],
    [
      ['replay', 'nowhere.json', '--address', '127.0.0.1:1'],
      /expected nowhere\.json to be a batch's header.* but got ENOENT/,
    ],
    [['replay', 'tributary.yaml', '--address', '127.0.0.1:1'], /but got a file of another kind/],
    [['serve', '--listen', '50051'], /'50051' is invalid\. Expected host:port/],
    [['serve', '--listen', '0.0.0.0:0'], /expected TLS where other machines can connect.* say --insecure/],
    [[...listen, '--tls-cert', 'a.pem'], /expected --tls-cert and --tls-key together, but got --tls-cert alone/],
    [[...listen, '--tls-client-ca', 'a.pem'], /but got --tls-client-ca alone/],
    [[...listen, '--tls-cert', 'a.pem', '--tls-key', 'b.pem'], /expected to read a\.pem, but got ENOENT/],
    [[...listen, '--memory', 'lots'], /'lots' is invalid\. Expected a size such as 2GiB/],
    [[...listen, '--backend', 'cuda'], /Allowed choices are auto/],
  ];
  // Starting a process is most of each case: a few at a time.
  while (cases.length > 0)
    await Promise.all(cases.splice(0, 4).map(([args, message]) => refused(args, 2, message, cwd)));
});

test('mistakes in configs and sources are one line each, and several come a line each', async (t) => {
  const cwd = await temporaryFolder(t);
  await mkdir(join(cwd, 'empty'));
  const run = { recipe: 'dinov3', sources: ['a'], global_batch: 2 };
  const configs: Record<string, unknown> = {
    missing: { sources: { a: './nowhere' }, runs: { r: run } },
    empty: { sources: { a: './empty' }, runs: { r: run } },
    knob: { sources: { a: './empty' }, runs: { r: { ...run, solarise: 1 } } },
    many: { sources: { a: './empty' }, runs: { r: { ...run, recipe: 'dinov4', solarise: 1, grayscale: 1.5 } } },
    index: { sources: { a: './empty' }, index: '/proc/nowhere', runs: { r: run } },
  };
  for (const [name, config] of Object.entries(configs)) await writeFile(join(cwd, `${name}.yaml`), stringify(config));
  await writeFile(join(cwd, 'typo.yaml'), 'sources:\n\ta: ./empty\n');
  const index = (name: string) => ['index', '--config', `${name}.yaml`];
  await refused(
    index('missing'),
    2,
    /expected a folder for source a, but got no folder at .*nowhere\. .*SOURCE_MISSING/,
    cwd,
  );
  await refused(
    index('empty'),
    2,
    /expected at least one image for source a in .*empty, but got none\. .*SOURCE_EMPTY/,
    cwd,
  );
  await refused(
    index('knob'),
    2,
    /expected a known knob in runs\.r, but got "solarise" \(knob\.yaml, line \d+\)\. The nearest name is solarize/,
    cwd,
  );
  await refused(index('typo'), 2, /expected YAML, but got a mistake \(typo\.yaml, line 2, column 1\)/, cwd);
  await refused(['serve', '--listen', '127.0.0.1:0', '--config', 'missing.yaml'], 2, /SOURCE_MISSING/, cwd);
  const many = await tributary(index('many'), { cwd });
  assert.equal(many.code, 2);
  assert.match(
    many.stderr,
    /^tributary: expected valid values in many\.yaml, but got 3 problems:\n( {2}line \d+: expected [^\n]*\n){3}$/,
  );

  await writeFile(join(cwd, 'empty/a.jpg'), 'no image');
  await refused(
    ['serve', '--listen', '127.0.0.1:0', '--config', 'empty.yaml'],
    2,
    /\[NOT_INDEXED\]|KNOB_OUT_OF_RANGE/,
    cwd,
  );
  const unwritable = await tributary(index('index'), { cwd });
  assert.equal(unwritable.code, 2, unwritable.stderr);
  assert.match(
    unwritable.stderr,
    /a folder for manifests that can be written to, but got ENOENT.*\[ARGUMENT_INVALID\]\n$/,
  );
});

test('what a server refuses comes out of the commands as one line, and failures exit with 1', async (t) => {
  const config = await indexedSamples(t, runs);
  const cwd = await temporaryFolder(t);
  const replica = await startServer(t, 'serve', ['--config', config]);
  const schedule = await startServer(t, 'schedule', ['--config', config]);
  const fetch = (run: string, step: string, ...more: string[]) => [
    'fetch',
    '--address',
    replica.address,
    '--run',
    run,
    '--epoch',
    '0',
    '--step',
    step,
    '--patience',
    '2',
    ...more,
  ];
  await refused(fetch('hole', '0', '--out', '.'), 2, /UNKNOWN_RUN/, cwd);
  await refused(
    fetch('whole', '7', '--out', '.'),
    2,
    /expected a step from 0 to 6, but got 7\. .*STEP_OUT_OF_RANGE/,
    cwd,
  );
  await refused(fetch('whole', '0', '--world-size', '5', '--out', '.'), 2, /WORLD_SIZE_INVALID/, cwd);
  await refused(
    fetch('whole', '0', '--out', '/proc/nowhere'),
    2,
    /expected to write \/proc\/nowhere, but got ENOENT/,
    cwd,
  );
  await refused(fetch('whole', '0', '--out', config), 2, /expected to write .*, but got ENOTDIR/, cwd);
  await refused(
    ['serve', '--config', config, '--listen', replica.address],
    2,
    /expected to listen on .*, but got listen EADDRINUSE: address already in use .*\. Choose another port.*ADDRESS_IN_USE/,
    cwd,
  );
  const nobody = ['--address', '127.0.0.1:1', '--run', 'whole', '--patience', '1'];
  await refused(
    ['fetch', ...nobody, '--epoch', '0', '--step', '0', '--out', '.'],
    1,
    /expected a replica to answer for what the run is, but got none in \d+ s \(127\.0\.0\.1:1: UNAVAILABLE \(.*ECONNREFUSED 127\.0\.0\.1:1.*\)\)\. Start a replica of this run at the target, or raise patience\. \[NO_REPLICA\]/,
    cwd,
  );
  await refused(['train', ...nobody, '--schedule', schedule.address], 1, /NO_REPLICA/, cwd);
  const train = ['train', '--address', replica.address, '--schedule', schedule.address, '--run', 'whole'];
  await refused([...train, '--cursor', 'here'], 2, /expected a cursor like .* but got "here"\. .*CURSOR_INVALID/, cwd);
  await refused(
    [...train, '--cursor', `v1.${'0'.repeat(16)}.e0.s0`],
    2,
    /but got one of 0{16}\. .*FINGERPRINT_MISMATCH/,
    cwd,
  );
  await refused(['health', '--address', '127.0.0.1:1'], 1, /ECONNREFUSED/, cwd);
});
