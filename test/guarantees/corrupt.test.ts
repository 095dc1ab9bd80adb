import assert from 'node:assert/strict';
import { chmod, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { TributaryError } from '../../src/errors.js';
import { indexedSamples, sevenRun, startServer, temporaryFolder, tributary } from '../fleet.js';
import { cut, damageMember, filesOf, png, replaceBy } from './damage.js';
import { all, loaderOn, metric, slotsOf } from './epoch.js';

/** 57 samples, all of them in each epoch's three steps of 19. */
const run = sevenRun({ sample_t: 0, global_batch: 19, image_size: 64 });
const runs = {
  kept: run,
  strict: { ...run, on_corrupt: 'fail' },
  bounded: { ...run, max_corrupt: 0.02 },
};

/** Damages a file of each kind. Returns what each damaged key is to be found as. */
async function damage(config: string): Promise<Map<string, string>> {
  const [tools] = await filesOf(config, 'objects365/images/train');
  const [page] = await filesOf(config, 'gqa/paired/train');
  const [nothing, next] = await filesOf(config, 'flickr/paired/train');
  const [bomb] = await filesOf(config, 'dota/paired/train');
  const base = dirname(config);
  await cut(tools!.path, 0.6);
  await replaceBy.html(page!.path);
  await writeFile(nothing!.path, '');
  await writeFile(next!.path, '');
  await writeFile(bomb!.path, png(60_000, 60_000));
  const member = await damageMember(join(base, 'datacomp/shards/00000000.tar'));
  return new Map(
    [
      [tools!.key, 'data'],
      [page!.key, 'format'],
      [nothing!.key, 'empty'],
      [next!.key, 'empty'],
      [bomb!.key, 'too-many-pixels'],
      [`00000000.tar/${member}`, 'format'],
    ].map(([key, cause]) => [
      key!.replace(/^(objects365\/images|gqa\/paired|flickr\/paired|dota\/paired)\/train\//, ''),
      cause!,
    ]),
  );
}

async function damagedSamples(t: TestContext): Promise<{ config: string; damaged: Map<string, string> }> {
  const config = await indexedSamples(t, runs);
  const damaged = await damage(config);
  const again = await tributary(['index', '--config', config]);
  assert.equal(again.code, 0, again.stderr);
  return { config, damaged };
}

test('damaged and hostile files change their own slots, the same on every replica, and no other byte', async (t) => {
  const sound = await startServer(t, 'serve', ['--config', await indexedSamples(t, runs), '--workers', '1']);
  const { config, damaged } = await damagedSamples(t);
  const base = dirname(config);
  const [strip] = await filesOf(config, 'coco/images/train2017', 'coco');
  await writeFile(strip!.path, png(1, 60_000));
  await mkdir(join(base, 'objects365/images/train/folder.jpg'));
  await replaceBy.fifo(join(base, 'objects365/images/train/fifo.jpg'));
  await replaceBy.link(join(base, 'objects365/images/train/passwd.jpg'), '/etc/passwd');
  const index = await tributary(['index', '--config', config]);
  assert.match(index.stdout, /left out 1 \(no regular files, .*\): fifo\.jpg/);
  assert.match(index.stdout, /left out 1 \(links to files outside of the source\): passwd\.jpg/);
  const replicas = await Promise.all([
    startServer(t, 'serve', [
      '--config',
      config,
      '--backend',
      'simd',
      '--workers',
      '1',
      '--metrics-listen',
      '127.0.0.1:0',
    ]),
    startServer(t, 'serve', ['--config', config, '--backend', 'cpu', '--workers', '2']),
  ]);
  const before = slotsOf(await all((await loaderOn(t, [sound], 'kept')).batches(0)));
  const batches = await all((await loaderOn(t, replicas.slice(0, 1), 'kept')).batches(0));
  const others = await all((await loaderOn(t, replicas.slice(1), 'kept')).batches(0));
  for (const [step, batch] of batches.entries()) {
    assert.deepEqual(others[step]!.header, batch.header);
    assert.ok(others[step]!.data.equals(batch.data), `step ${step} differs between replicas`);
  }

  const found = new Map<string, string>();
  const after = slotsOf(batches);
  assert.equal(after.length, 57);
  for (const [slot, { sample, pixels }] of after.entries()) {
    const planned = before[slot]!;
    if (sample.status === 'SAMPLE_STATUS_OK') {
      assert.deepEqual(sample, planned.sample);
      if (sample.key !== strip!.key) assert.ok(pixels.equals(planned.pixels), `slot ${slot}, ${sample.key}`);
      continue;
    }
    assert.equal(sample.status, 'SAMPLE_STATUS_SUBSTITUTED');
    assert.equal(sample.corruptKeys[0], planned.sample.key, 'the first key is the planned one');
    assert.equal(sample.source, planned.sample.source);
    for (const [i, key] of sample.corruptKeys.entries()) found.set(key, sample.corruptReasons[i]!);
    const own = after.find(({ sample: { source, key, status } }) => {
      return source === sample.source && key === sample.key && status === 'SAMPLE_STATUS_OK';
    });
    assert.equal(own!.sample.seed, sample.seed);
    assert.ok(own!.pixels.equals(pixels), `the substitute ${sample.key} looks as it does in its own place`);
  }
  assert.deepEqual(found, damaged);
  assert.ok(after.some(({ sample: { key, status } }) => key === strip!.key && status === 'SAMPLE_STATUS_OK'));
  assert.equal(await metric(replicas[0]!, 'tributary_samples_total{result="substituted"}'), damaged.size);
  assert.equal(await metric(replicas[0]!, 'tributary_samples_total{result="ok"}'), 57 - damaged.size);
  const logged = replicas[0]!.log.filter(({ msg }) => String(msg).startsWith('sample substituted'));
  for (const [key, reason] of damaged)
    assert.ok(
      logged.some((line) => line.key === key && line.reason === reason),
      key,
    );
});

test('under on_corrupt: fail, a damaged file ends the stream with its name, after the batches before it', async (t) => {
  const { config, damaged } = await damagedSamples(t);
  const replica = await startServer(t, 'serve', ['--config', config]);
  const kept = await all((await loaderOn(t, [replica], 'kept')).batches(0));
  const broken = kept.findIndex(({ header }) => header.samples.some(({ corruptKeys }) => corruptKeys.length > 0));
  const loader = await loaderOn(t, [replica], 'strict', { lanes: 1 });
  const received: number[] = [];
  const failure = await (async () => {
    for await (const batch of loader.batches(0)) received.push(batch.header.step);
    return null;
  })().catch((error: unknown) => error);
  assert.ok(failure instanceof TributaryError && failure.reason === 'SAMPLE_CORRUPT', String(failure));
  assert.ok(failure.code === 'DATA_LOSS' && damaged.get(failure.metadata.key!) === failure.metadata.cause);
  assert.deepEqual(
    received,
    kept.slice(0, broken).map(({ header }) => header.step),
  );
  const fetched = await tributary([
    'fetch',
    '--address',
    replica.address,
    '--run',
    'strict',
    '--epoch',
    '0',
    '--step',
    String(broken),
    '--out',
    await temporaryFolder(t),
  ]);
  assert.equal(fetched.code, 1);
  assert.match(fetched.stderr, /^tributary: expected a readable image for source \w+, but got .*\[SAMPLE_CORRUPT\]\n$/);
});

test('a run that is mostly broken is stopped after its probation', async (t) => {
  const config = await indexedSamples(t, runs);
  for (const { path } of (await filesOf(config, 'imagenet/train/n01440764')).slice(0, 3)) await replaceBy.html(path);
  await tributary(['index', '--config', config]);
  const replica = await startServer(t, 'serve', ['--config', config]);
  const bounded = await loaderOn(t, [replica], 'bounded', { lanes: 1 });
  assert.equal((await all(bounded.batches(0))).length, 3);
  // The probation ends somewhere in epoch 1; the next corrupt sample after it is one too many.
  const failure = await all(bounded.batches(1))
    .then(() => all(bounded.batches(2)))
    .catch((error: unknown) => error);
  assert.ok(failure instanceof TributaryError && failure.reason === 'TOO_MANY_CORRUPT', String(failure));
  assert.match(failure.message, /at most 2 % corrupt samples in run bounded, but got \d+ of 1\d\d /);
  const kept = await loaderOn(t, [replica], 'kept');
  for (const epoch of [0, 1, 2]) assert.equal((await all(kept.batches(epoch))).length, 3);
});

test('a file that goes or changes while replicas run is substituted, and the next start refuses the edited source', async (t) => {
  const config = await indexedSamples(t, runs);
  // The second has read nothing before, and so keeps nothing of what has gone.
  const [first, replica] = await Promise.all([0, 1].map(() => startServer(t, 'serve', ['--config', config])));
  const before = await all((await loaderOn(t, [first!], 'kept')).batches(0));
  const out = await temporaryFolder(t);
  const fetch = ['fetch', '--address', first!.address, '--run', 'kept', '--epoch', '0', '--step', '0', '--steps', '3'];
  assert.equal((await tributary([...fetch, '--out', out])).code, 0);

  const [gone, short, folder, fifo, link] = await filesOf(config, 'coco/images/train2017', 'coco');
  await rm(gone!.path);
  await cut(short!.path, 0.5);
  await replaceBy.folder(folder!.path);
  await replaceBy.fifo(fifo!.path);
  await replaceBy.link(link!.path, '/etc/passwd');
  const expected = new Map([
    [gone!.key, 'ENOENT'],
    [short!.key, 'SIZE_CHANGED'],
    [folder!.key, 'NOT_A_FILE'],
    [fifo!.key, 'NOT_A_FILE'],
    [link!.key, 'OUTSIDE_ROOT'],
  ]);
  const found = new Map<string, string>();
  const after = await all((await loaderOn(t, [replica!], 'kept')).batches(0));
  for (const [slot, { sample, pixels }] of slotsOf(after).entries()) {
    const planned = slotsOf(before)[slot]!;
    if (sample.corruptKeys.length === 0) assert.ok(pixels.equals(planned.pixels), `slot ${slot}`);
    for (const [i, key] of sample.corruptKeys.entries()) found.set(key, sample.corruptReasons[i]!);
  }
  assert.deepEqual(found, expected);

  const step = after.findIndex(({ header }) =>
    header.samples.some(({ corruptKeys }) => corruptKeys.includes(gone!.key)),
  );
  const replay = ['replay', join(out, `0000-0000000${step}-r0of1.json`), '--address', replica!.address];
  const replayed = await tributary(replay);
  assert.equal(replayed.code, 1);
  assert.match(replayed.stderr, new RegExp(`slot \\d+ holds .* in place of ${gone!.key} \\(${gone!.key}: ENOENT`));
  assert.match(replayed.stderr, /Restore these files .*REPLAY_DIFFERS/);

  const other = await startServer(t, 'serve', ['--config', config]).catch((error: Error) => error);
  assert.ok(other instanceof Error, 'a replica started on an edited source');
  assert.match(other.message, /expected source coco as it was indexed.*4 removed .*1 resized .*SOURCE_CHANGED/s);
  assert.match(other.message, new RegExp(gone!.key));
});

test('a file that the replica may not read is substituted', {
  skip: process.getuid?.() !== 0 && 'needs root, to give up its right to read everything',
}, async (t) => {
  const config = await indexedSamples(t, runs);
  const [closed] = await filesOf(config, 'coco/images/train2017', 'coco');
  await chmod(closed!.path, 0o000);
  // Another user could not read a project that lies below root's home.
  const replica = await startServer(t, 'serve', ['--config', config], {
    via: ['setpriv', '--bounding-set=-dac_override,-dac_read_search'],
  });
  const slots = slotsOf(await all((await loaderOn(t, [replica], 'kept')).batches(0)));
  const substituted = slots.filter(({ sample }) => sample.status === 'SAMPLE_STATUS_SUBSTITUTED');
  assert.deepEqual(
    substituted.map(({ sample }) => [sample.corruptKeys, sample.corruptReasons]),
    [[[closed!.key], ['EACCES']]],
  );
});

test('a source that is not there for a while is waited for, and no byte changes', async (t) => {
  const config = await indexedSamples(t, runs);
  const coco = join(dirname(config), 'coco');
  const args = ['--config', config, '--metrics-listen', '127.0.0.1:0'];
  const [first, replica] = await Promise.all([0, 1].map(() => startServer(t, 'serve', args)));
  const undisturbed = await all((await loaderOn(t, [first!], 'kept')).batches(0));
  await rename(coco, `${coco}.away`);
  const fetch = ['fetch', '--address', replica!.address, '--run', 'kept', '--epoch', '0', '--step', '1'];
  const away = await tributary([...fetch, '--patience', '1', '--out', await temporaryFolder(t)]);
  assert.equal(away.code, 1);
  assert.match(away.stderr, /expected to read .*ENOENT.* in 6 attempts, at .* of source coco/);
  const waiting = all((await loaderOn(t, [replica!], 'kept')).batches(0));
  const refused =
    'grpc_server_handled_total{grpc_service="tributary.v1.LoaderService",grpc_method="StreamBatches",grpc_code="UNAVAILABLE"}';
  const refusals = await metric(replica!, refused);
  const end = Date.now() + 30_000;
  // The replica gives up on the storage and says so; the client comes again.
  while (Date.now() < end && (await metric(replica!, refused)) <= refusals) await pause(50);
  await rename(`${coco}.away`, coco);
  const disturbed = await waiting;
  assert.ok((await metric(replica!, refused)) > refusals);
  for (const [step, { header, data }] of disturbed.entries()) {
    assert.deepEqual(header, undisturbed[step]!.header);
    assert.ok(data.equals(undisturbed[step]!.data), `step ${step} differs`);
  }
  assert.equal(disturbed.length, undisturbed.length);
});
