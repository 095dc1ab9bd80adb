import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parseCursor } from '../../src/plan/cursor.js';
import { indexedSamples, type ServerProcess, sevenRun, startServer, temporaryFolder, tributary } from '../fleet.js';
import { all, loaderOn } from './epoch.js';
import { golden, goldenRuns } from './golden.js';

const runs = {
  /** 7 steps of 8. */
  eights: sevenRun({ global_batch: 8, image_size: 48 }),
};

async function replicasOf(t: TestContext, config: string): Promise<[ServerProcess, ServerProcess]> {
  return Promise.all([
    startServer(t, 'serve', ['--config', config, '--backend', 'simd', '--workers', '1']),
    startServer(t, 'serve', ['--config', config, '--backend', 'cpu', '--workers', '2']),
  ]);
}

// Megatron-Energon, tests/test_dataset.py::test_current_batch_index (scenario 50).
test('50: every batch comes again from its header alone, in any order, from another replica on another backend', async (t) => {
  const config = await indexedSamples(t, { ...goldenRuns });
  const [one, other] = await replicasOf(t, config);
  const committed = JSON.parse(
    await readFile(new URL('../../../test/guarantees/golden.json', import.meta.url), 'utf8'),
  ) as Record<string, string[][]>;
  const out = await temporaryFolder(t);
  const headers: string[] = [];
  for (const run of Object.keys(goldenRuns)) {
    const folder = join(out, run);
    const steps = committed[run]!.length;
    const batches = await all((await loaderOn(t, [one], run)).batches(1, 0, steps));
    assert.deepEqual(batches.map(golden), committed[run], `run ${run}: golden.json is changed by a decision only`);
    const fetch = [
      'fetch',
      '--address',
      one.address,
      '--run',
      run,
      '--epoch',
      '1',
      '--step',
      '0',
      '--steps',
      `${steps}`,
    ];
    const fetched = await tributary([
      ...fetch,
      '--data-type',
      'float16',
      '--layout',
      'nchw',
      '--world-size',
      '2',
      '--rank',
      '1',
      '--out',
      folder,
    ]);
    assert.equal(fetched.code, 0, fetched.stderr);
    headers.push(...Array.from({ length: steps }, (_, step) => join(folder, `0001-0000000${step}-r1of2.json`)));
  }
  // Not the order that they were fetched in.
  for (const [, header] of [...headers.entries()].sort(([a], [b]) => ((a * 5) % 7) - ((b * 5) % 7))) {
    const replayed = await tributary(['replay', header, '--address', other.address]);
    assert.equal(replayed.code, 0, replayed.stderr);
    assert.match(replayed.stdout, /^the bytes agree: crc32 [0-9a-f]{8} from 127\.0\.0\.1:\d+\n$/);
  }
});

// MosaicML Streaming, tests/test_partition.py::test_partition_relaxed_resumption (scenario 24), Megatron-Energon,
// tests/test_dataset_det.py::test_invariance_global_samples (scenario 51).
test('24, 51: ranks, lanes, leases and chunks cut the same global batches', async (t) => {
  const config = await indexedSamples(t, runs);
  const [one, other] = await replicasOf(t, config);
  const whole = await all((await loaderOn(t, [one], 'eights', { lanes: 1 })).batches(2));
  for (const [worldSize, lanes, lease] of [
    [2, 1, 1],
    [4, 3, 2],
    [8, 2, 16],
  ] as const) {
    const shares = await Promise.all(
      Array.from({ length: worldSize }, async (_, rank) =>
        all((await loaderOn(t, [one, other], 'eights', { rank, worldSize, lanes, lease })).batches(2)),
      ),
    );
    for (const [step, { data, header }] of whole.entries()) {
      const joined = Buffer.concat(shares.map((share) => share[step]!.data));
      assert.ok(joined.equals(data), `step ${step} of ${worldSize} ranks`);
      assert.deepEqual(
        shares.flatMap((share) => share[step]!.header.samples),
        header.samples,
      );
      for (const share of shares) assert.equal(share[step]!.header.nextCursor, header.nextCursor);
    }
  }
});

// LitData, tests/streaming/test_elastic.py (scenario 55), Grain, elastic_iterator_test.py (scenario 32).
test('55: an epoch begun on 2 ranks goes on with 4 and ends with 8, as if nothing had happened', async (t) => {
  const config = await indexedSamples(t, runs);
  const [one, other] = await replicasOf(t, config);
  const undisturbed = await all((await loaderOn(t, [one], 'eights')).batches(0));
  let cursor = { epoch: 0, step: 0 };
  const elastic: Buffer[] = [];
  for (const [worldSize, until] of [
    [2, 3],
    [4, 5],
    [8, 7],
  ] as const) {
    const ranks = await Promise.all(
      Array.from({ length: worldSize }, async (_, rank) =>
        all(
          (await loaderOn(t, [other], 'eights', { rank, worldSize })).batches(
            cursor.epoch,
            cursor.step,
            until - cursor.step,
          ),
        ),
      ),
    );
    for (let i = 0; i < until - cursor.step; i++) elastic.push(Buffer.concat(ranks.map((rank) => rank[i]!.data)));
    const cursors = new Set(ranks.map((rank) => rank.at(-1)!.header.nextCursor));
    assert.equal(cursors.size, 1, 'every rank holds the same cursor');
    cursor = parseCursor([...cursors][0]!);
  }
  assert.deepEqual(cursor, { fingerprint: undisturbed[0]!.header.fingerprint.slice(0, 16), epoch: 1, step: 0 });
  for (const [step, { data }] of undisturbed.entries()) assert.ok(elastic[step]!.equals(data), `step ${step}`);
  assert.equal(elastic.length, undisturbed.length);
});

/** A trainer of the command line, and what it printed of every batch: address and CRC-32. */
async function trained(addresses: readonly string[], schedule: string, more: readonly string[]) {
  const where = ['--address', addresses.join(','), '--schedule', schedule];
  const ended = await tributary(['train', ...where, '--run', 'eights', '--batches', ...more]);
  const batches = ended.stdout.split('\n').flatMap((line) => /^(\d{4}-\d{8}-r0of1 [0-9a-f]{8}) /.exec(line)?.[1] ?? []);
  return { ...ended, batches };
}

// torchdata, StatefulDataLoader: EndOfEpochBehavior and MultiEpoch (scenario 41), FastStateDictRequest (scenario 42),
// tests/test_sampler.py (scenario 47).
test('41, 42, 47: two resumes in one epoch, a resume at an epoch border and one at the end change nothing', async (t) => {
  const config = await indexedSamples(t, runs);
  const [one, other] = await replicasOf(t, config);
  const addresses = [one.address, other.address];
  const { address: schedule } = await startServer(t, 'schedule', ['--config', config]);
  const undisturbed = await trained(addresses, schedule, []);
  assert.equal(undisturbed.batches.length, 21, undisturbed.stderr);
  assert.equal(
    new Set(undisturbed.batches.map((line) => line.split(' ')[1])).size,
    21,
    'epochs differ from each other',
  );

  const loader = await loaderOn(t, [one], 'eights');
  const { fingerprint } = await loader.describe();
  const at = (epoch: number, step: number) => `v1.${fingerprint.slice(0, 16)}.e${epoch}.s${step}`;
  // Steps 2 and 5 of epoch 1: the second resume in the same epoch; then its border, the last step, and the end.
  for (const [epoch, step] of [
    [1, 2],
    [1, 5],
    [2, 0],
    [2, 6],
    [3, 0],
  ] as const) {
    const resumed = await trained(addresses, schedule, ['--cursor', at(epoch, step)]);
    assert.equal(resumed.code, 0, resumed.stderr);
    assert.deepEqual(resumed.batches, undisturbed.batches.slice(epoch * 7 + step), at(epoch, step));
  }
  const past = await trained(addresses, schedule, ['--cursor', at(1, 7)]);
  assert.deepEqual([past.code, /STEP_OUT_OF_RANGE/.test(past.stderr)], [2, true], past.stderr);
  const foreign = await trained(addresses, schedule, ['--cursor', `v1.${'0'.repeat(16)}.e1.s0`]);
  assert.equal(foreign.code, 2);
  assert.match(
    foreign.stderr,
    new RegExp(`${fingerprint.slice(0, 16)}, but got one of 0{16}\\..*FINGERPRINT_MISMATCH`),
  );
});
