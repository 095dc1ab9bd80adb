import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBackend } from '../../src/augment/open-backend.js';
import type { Batch, BatchSample } from '../../src/batch/batch.js';
import { contract } from '../../src/contract/contract.js';
import { batchSeed } from '../../src/plan/hash.js';
import { openRun } from '../../src/runs/open-run.js';
import { batchHeader, batchSample, describeRun } from '../../src/server/messages.js';
import { draw } from '../augment/cases.js';
import { smallRun } from '../batch/small-run.js';

const { BatchHeader, DescribeRunResponse, Sample } = contract.tributary.v1;
const sample: BatchSample = {
  ...{ source: 'a', key: 'x.jpg', seed: 2 ** 32 - 1, pass: 1, label: { index: 0, name: 'cat' }, index: 4 },
  ...{ draw: { shared: [], views: [draw({ erase: { top: 1, left: 2, height: 3, width: 4 } })] }, corrupt: [] },
};

test('a header has its batch’s address whole, and field by field for clients of before', async (t) => {
  const open = await smallRun(t);
  const address = { epoch: 1, step: 0, rank: 1, worldSize: 3 };
  const batch: Batch = {
    ...{
      address,
      form: { type: 'FLOAT16', axes: 'NCHW' },
      shape: [2, 3, 48, 48],
      samples: [sample],
      crc32: 0,
      tensors: [],
    },
    data: new Uint8Array(2 * 3 * 48 * 48 * 2),
  };
  const header = BatchHeader.deserialize(BatchHeader.serialize(batchHeader(open, batch, [])));
  assert.throws(() => batchHeader(open, batch, [], ['x'.repeat(9 << 20)]), {
    reason: 'TOO_MUCH_ASKED',
    message: /columns/,
  });
  assert.deepEqual(header.address, address);
  const { epoch, step, rank, worldSize } = header;
  assert.deepEqual({ epoch, step, rank, worldSize }, address);
  assert.deepEqual(
    [header.run, header.fingerprint, header.dataType, header.layout, header.byteSize, header.shape],
    ['small', open.fingerprint, 'DATA_TYPE_FLOAT16', 'LAYOUT_NCHW', batch.data.length, [2, 3, 48, 48]],
  );
  assert.deepEqual([header._seed, header.seed], ['seed', batchSeed(open.run.seed, address)]);
  assert.equal(header.nextCursor, `v1.${open.fingerprint.slice(0, 16)}.e1.s1`);
});

test('a slot tells its label, its erased box and what it stands in for', () => {
  const sent = (one: BatchSample, drawn = false) => Sample.deserialize(Sample.serialize(batchSample(one, drawn)));
  const plain = sent(sample);
  assert.deepEqual(
    [plain.seed, plain.label, plain.className, plain.erase, plain.status, plain.drawn],
    [2 ** 32 - 1, 0, 'cat', sample.draw.views[0]!.erase, 'SAMPLE_STATUS_OK', ''],
  );
  const other = sent({ ...sample, label: null, corrupt: [{ key: 'y.jpg', reason: 'data' }] }, true);
  assert.deepEqual(
    [other._label, other.status, other.corruptKeys, other.corruptReasons],
    [undefined, 'SAMPLE_STATUS_SUBSTITUTED', ['y.jpg'], ['data']],
  );
  assert.deepEqual(JSON.parse(other.drawn), sample.draw.views[0]);
});

test('a run is described with every knob of its own', async (t) => {
  const open = await smallRun(t, { grayscale: 0.25, beta2: 0.9 });
  const { description } = await openBackend('simd');
  const sent = DescribeRunResponse.deserialize(DescribeRunResponse.serialize(describeRun(open, description)));
  assert.deepEqual(
    [sent.name, sent.knobs!.grayscale, sent.training!.beta2, sent.backend, sent.globalBatch],
    ['small', 0.25, 0.9, description, 6],
  );
  assert.deepEqual(
    sent.sources.map(({ name, sampleCount, share }) => [name, sampleCount, share]),
    [['images', open.manifests[0]!.count, 1]],
  );
  // Every knob and every setting of the optimiser has its field.
  const fields = (of: object | null) => Object.keys(of!).filter((name) => !name.startsWith('_')).length;
  assert.equal(fields(sent.knobs), Object.keys(open.run.knobs).length);
  assert.equal(fields(sent.training), Object.keys(open.run.training).length);
});

test('a run is described with its labels, and without its sources’ own names where both do not fit', async (t) => {
  const { classNames: _, ...manifest } = (await smallRun(t)).manifests[0]!;
  const { run } = await smallRun(t, { resize_size: 56, evaluate: true });
  const described = (...lists: string[][]) => {
    const sources = lists.map((classNames, i) => ({ ...manifest, source: `s${i}`, classNames }));
    const open = openRun({ ...run, sources: sources.map(({ source }) => source) }, sources);
    return DescribeRunResponse.deserialize(DescribeRunResponse.serialize(describeRun(open, '')));
  };
  const own = (sent: ReturnType<typeof described>) =>
    sent.sources.map(({ classCount, classNames }) => [classCount, classNames]);
  const few = described(['dog'], [], ['Zebra']);
  assert.deepEqual([few.classNames, few.labels], [['Zebra', 'dog'], 'joined']);
  assert.deepEqual([few.split, few.evaluate, few.resizeSize], ['train', true, 56]);
  assert.deepEqual(own(few), [
    [1, ['dog']],
    [0, []],
    [1, ['Zebra']],
  ]);
  const many = Array.from({ length: 50_000 }, (_, i) => `${i}`.padStart(5, '0').padEnd(100, 'x'));
  assert.deepEqual([described(many).classNames.length, own(described(many))], [50_000, [[50_000, []]]]);
  const more = many.map((name) => `${name}${'y'.repeat(80)}`);
  assert.throws(() => described(more), { reason: 'TOO_MUCH_ASKED' });
});
