import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import sharp from 'sharp';
import { chart } from '../../scripts/bench/chart.js';
import { contestants } from '../../scripts/bench/contestants.js';
import { drawPictures } from '../../scripts/bench/pictures.js';
import { parseStat, usageOf } from '../../scripts/bench/process-usage.js';
import { type Row, summarise } from '../../scripts/bench/results.js';
import { parseStages, stagesBetween } from '../../scripts/bench/stage-seconds.js';
import { grouped, median, pairedRatios, spread } from '../../scripts/bench/statistics.js';
import { table } from '../../scripts/bench/table.js';

const row = (contestant: string, round: number, imagesPerSecond: number, more: Partial<Row> = {}): Row => ({
  contestant,
  recipe: 'dinov3',
  files: '500x375',
  round,
  images: 640,
  seconds: 640 / imagesPerSecond,
  imagesPerSecond,
  cpuMs: { loader: 10 + round },
  stageMs: {},
  delayMs: {},
  ...more,
});

test('the median has as many values below as above, whatever their order', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 1 }), (values) => {
      const middle = median(values);
      const below = values.filter((value) => value < middle).length;
      const above = values.filter((value) => value > middle).length;
      assert.ok(below <= values.length / 2 && above <= values.length / 2);
      assert.deepEqual(spread(values), { median: middle, least: Math.min(...values), most: Math.max(...values) });
    }),
  );
  assert.equal(median([4, 1, 3, 2]), 2.5);
});

test('ratios pair the rounds, and leave out those that lack either side', () => {
  const above = new Map([
    [0, 300],
    [1, 100],
    [2, 50],
  ]);
  const below = new Map([
    [0, 100],
    [1, 50],
  ]);
  assert.deepEqual(pairedRatios(above, below), [3, 2]);
});

test('groups keep the order in which keys first come', () => {
  assert.deepEqual(
    [...grouped(['b1', 'a1', 'b2'], (text) => text[0]!)],
    [
      ['b', ['b1', 'b2']],
      ['a', ['a1']],
    ],
  );
});

test('stages are read from the text of a replica, and are means between two readings', () => {
  const text = (sum: number, count: number) => `# HELP tributary_stage_seconds Time of a sample in a stage
# TYPE tributary_stage_seconds histogram
tributary_stage_seconds_bucket{le="0.0005",stage="read"} 3
tributary_stage_seconds_bucket{le="+Inf",stage="read"} ${count}
tributary_stage_seconds_sum{stage="read"} ${sum}
tributary_stage_seconds_count{stage="read"} ${count}
tributary_batch_wait_seconds_sum{side="consumer"} 9
`;
  assert.deepEqual([...parseStages(text(0.5, 100))], [['read', { seconds: 0.5, count: 100 }]]);
  assert.deepEqual(stagesBetween(parseStages(text(0.5, 100)), parseStages(text(1.5, 300))), { read: 5 });
  assert.deepEqual(stagesBetween(new Map(), parseStages(text(0.5, 100))), { read: 5 });
  assert.deepEqual(stagesBetween(parseStages(text(0.5, 100)), parseStages(text(0.5, 100))), {});
});

test("CPU seconds are read past a process name of any form, and a process's own are no less than what it knows", () => {
  const stat = '42 (a (b) c) S 7 42 42 0 -1 4194560 1 0 0 0 150 50 20 5 20 0 11 0 1 2 3';
  assert.deepEqual(parseStat(stat), { parent: 7, own: 2, ended: 0.25 });
  const { user, system } = process.cpuUsage();
  const used = usageOf(process.pid);
  assert.ok(used.all >= (user + system) / 1e6 - 0.05, `${used.all} s of ${(user + system) / 1e6} s`);
  assert.ok(used.firstThread > 0 && used.firstThread <= used.all);
});

test('a summary compares with the DataLoader and the decoding of its own rounds, cold with cold', () => {
  const rows = [
    row('dataloader', 0, 100),
    row('python-client', 0, 300, { cpuMs: { client: 0.2, replica: 3 }, stageMs: { read: 1 } }),
    row('dataloader-cold', 0, 50),
    row('python-client-cold', 0, 200),
    row('sharp-decode', 0, 600, { recipe: null }),
    row('dataloader', 1, 200),
    row('python-client', 1, 400, { cpuMs: { client: 0.4, replica: 5 }, stageMs: { read: 3 } }),
    row('sharp-decode', 1, 500, { recipe: null }),
    row('dataloader', 0, 1, { recipe: 'default' }),
  ];
  const of = (name: string) => summarise(rows).find(({ contestant }) => contestant === name)!;
  assert.deepEqual(of('python-client').timesDataLoader, { median: 2.5, least: 2, most: 3 });
  assert.deepEqual(of('python-client').ofDecodeCeiling, { median: 0.65, least: 0.5, most: 0.8 });
  assert.deepEqual(of('python-client').stageMs, { read: 2 });
  assert.deepEqual(of('python-client-cold').timesDataLoader?.median, 4);
  assert.equal(of('sharp-decode').timesDataLoader, null);
  assert.ok(Math.abs(of('python-client').cpuMs.client! - 0.3) < 1e-12);
});

test('table and chart show every contestant by its label', async () => {
  const rows = contestants.map(({ name, ofRecipe }) => row(name, 0, 100, { recipe: ofRecipe ? 'dinov3' : null }));
  const label = (name: string) => contestants.find((contestant) => contestant.name === name)!.label;
  const text = table(summarise(rows), label);
  const svg = chart(summarise(rows), label, 'caption <2 cores>');
  for (const { name, label: shown } of contestants) {
    assert.ok(text.includes(shown), name);
    assert.equal(svg.includes(shown), !['wire', 'lent'].includes(name), name);
  }
  assert.equal((await sharp(Buffer.from(svg)).metadata()).format, 'svg');
});

test('drawn files are JPEGs of the size, the same each time, with about the bytes of photographs', async () => {
  const draw = await drawPictures({ width: 500, height: 375 });
  const files = await Promise.all([0, 1, 2, 3].map(draw));
  assert.deepEqual(await (await drawPictures({ width: 500, height: 375 }))(2), files[2]);
  for (const file of files) {
    const { format, width, height, chromaSubsampling } = await sharp(file).metadata();
    assert.deepEqual(
      { format, width, height, chromaSubsampling },
      { format: 'jpeg', width: 500, height: 375, chromaSubsampling: '4:2:0' },
    );
    assert.ok(file.length > 40_000 && file.length < 140_000, `${file.length} bytes`);
  }
});
