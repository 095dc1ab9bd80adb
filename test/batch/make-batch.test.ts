import assert from 'node:assert/strict';
import { after, type TestContext, test } from 'node:test';
import { Allotment, type AllotmentEvents } from '../../src/augment/allotment.js';
import { applyOnDevice } from '../../src/augment/apply-on-device.js';
import { imagesIn } from '../../src/augment/cargo.js';
import type { Device, DeviceSource } from '../../src/augment/device.js';
import { openGpuDevice } from '../../src/augment/gpu/gpu-device.js';
import type { Batch } from '../../src/batch/batch.js';
import { FairQueue } from '../../src/batch/fair-queue.js';
import { makeBatch } from '../../src/batch/make-batch.js';
import { sampleBytes, type TensorForm } from '../../src/batch/tensor.js';
import { WorkerPool } from '../../src/batch/worker-pool.js';
import { readConfig } from '../../src/cli/options.js';
import { indexedRuns } from '../../src/cli/runs.js';
import type { OpenRun } from '../../src/runs/open-run.js';
import type { DrawStep } from '../../src/sample/draw.js';
import { numbers } from '../augment/cases.js';
import { indexedSamples, sevenRun } from '../fleet.js';

const forms: readonly TensorForm[] = [
  { type: 'UINT8', axes: 'NHWC' },
  { type: 'FLOAT32', axes: 'NCHW' },
];

interface Bench {
  readonly pool: WorkerPool;
  run(name: string): Promise<OpenRun>;
  make(open: OpenRun, form: TensorForm, step: number, allotment: Allotment | null): Promise<Batch>;
}

function once<T>(act: () => Promise<T>): () => Promise<T> {
  let begun: Promise<T> | undefined;
  return () => {
    begun ??= act();
    return begun;
  };
}

const ends: (() => unknown)[] = [];
after(async () => {
  for (const end of ends.reverse()) await end();
});

/** Drawn and indexed once: that takes longer than all else here. */
const bench = once(async (): Promise<Bench> => {
  const config = await indexedSamples({ after: (end: () => unknown) => void ends.push(end) } as TestContext, {
    plain: sevenRun({ image_size: 160 }),
    policy: sevenRun({ recipe: 'default' }),
    sometimes: sevenRun({ recipe: 'default', auto_augment: 'autoaugment', image_size: 128 }),
  });
  const runs = indexedRuns(await readConfig(config));
  const pool = new WorkerPool(2);
  ends.push(() => pool.close());
  return {
    pool,
    run: (name) => runs.open({ name }),
    make: (open, form, step, allotment) => {
      const queue = new FairQueue(pool.concurrency);
      const tensor = new SharedArrayBuffer(open.run.global_batch * sampleBytes(form.type, open.run.image_size));
      const request = { open, form, address: { epoch: 0, step, rank: 0, worldSize: 1 } };
      const tools = { pool, queue, allotment, onSample: () => {} };
      return makeBatch(tools, request, { form, tensor }, queue.flow(), new AbortController().signal);
    },
  };
});

/** A real device of gpu.js, of which `plant` makes something else. It is said to take `said` seconds for each cargo. */
function planted(
  t: TestContext,
  { crops, said = 1, ...source }: Pick<DeviceSource, 'isForced' | 'patience'> & { crops: boolean; said?: number },
  plant: (device: Device) => Partial<Device>,
): DeviceSource {
  return {
    ...source,
    async open() {
      const device = await openGpuDevice('webasm', { crops });
      t.after(() => device.kill());
      const prepare = async (size: number) => {
        // Compiled once, for as many images as a batch has; all else would take webasm many seconds.
        const parts = Array.from({ length: 8 }, (_, slot) => ({ slot, steps: everyStage }));
        await applyOnDevice(device, new Uint8Array(8 * size * size * 3), size, parts);
        return { images: said, crops: said };
      };
      return { ...device, prepare, ...plant(device) };
    },
  };
}

const everyStage: readonly DrawStep[] = [
  { op: 'contrast', factor: 0.5 },
  { op: 'contrast', factor: 0.5 },
  { op: 'gaussianBlur', sigma: 1 },
];

async function allotted(
  t: TestContext,
  source: DeviceSource,
  backlog: () => number,
  events?: Partial<AllotmentEvents>,
) {
  const allotment = new Allotment(source, backlog, events);
  t.after(() => allotment.close());
  await allotment.opening;
  return allotment;
}

test('batches are the same whether the device makes all that it can, the threads all, or each what falls to it', async (t) => {
  const { run, make } = await bench();
  let onDevice = 0;
  const counted = (device: Device): Partial<Device> => ({
    run: (cargo, work) => {
      onDevice += imagesIn(cargo);
      return device.run(cargo, work);
    },
  });
  const losses: string[] = [];
  const lost = (reason: string) => void losses.push(reason);
  const forced = await allotted(t, planted(t, { isForced: true, patience: 60, crops: true }, counted), () => 0, {
    lost,
  });
  const next = numbers(20);
  const split = await allotted(
    t,
    planted(t, { isForced: false, patience: 60, crops: true, said: 15 }, counted),
    () => (next() < 0.5 ? 0 : 600),
    { lost },
  );
  for (const name of ['plain', 'policy', 'sometimes']) {
    const open = await run(name);
    await split.getReady(open.run.image_size);
    for (const form of forms)
      for (const step of [0, 1]) {
        const expected = await make(open, form, step, null);
        for (const allotment of [forced, split]) {
          const came = await make(open, form, step, allotment);
          assert.deepEqual(came.data, expected.data, `${name} ${form.type} step ${step}`);
          assert.deepEqual(came.samples, expected.samples);
          assert.equal(came.crc32, expected.crc32);
        }
      }
    t.diagnostic(`${name}: ${onDevice} of 64 samples on the device`);
    assert.deepEqual(losses, []);
    assert.ok(onDevice > 0 && (name !== 'plain' || onDevice >= 32));
    onDevice = 0;
  }
  const { samples } = forced.state();
  // of dinov3 the device takes all; of the recipe default's two operations, most samples have one that is the threads'
  assert.ok(samples.webasm! > 32 && samples.simd! > 0, JSON.stringify(samples));
  assert.ok(split.state().samples.webasm! > 0 && split.state().samples.simd! > 0, JSON.stringify(split.state()));
});

test('a device that is lost, hangs or slows in the middle of a batch costs its share alone, and is tried again', async (t) => {
  const { run, make } = await bench();
  const open = await run('plain');
  const form = forms[0]!;
  const expected = await Promise.all([0, 1, 2].map((step) => make(open, form, step, null)));
  const plants: Readonly<Record<string, (device: Device, cargos: number) => Promise<never> | 'run' | 'slow'>> = {
    'is lost': (device, cargos) => {
      if (cargos === 2) void device.kill();
      return 'run';
    },
    hangs: (_, cargos) => (cargos === 1 ? new Promise<never>(() => {}) : 'run'),
    'is ten times as slow': () => 'slow',
  };
  for (const [what, plant] of Object.entries(plants)) {
    let cargos = 0;
    let opened = 0;
    // A device that is to be tried again keeps no process alive.
    const alive = setInterval(() => {}, 1000);
    t.after(() => clearInterval(alive));
    const reasons: string[] = [];
    let openedAgain = () => {};
    const again = new Promise<void>((resolve) => {
      openedAgain = resolve;
    });
    const patience = what === 'hangs' ? 2 : 60;
    const source = planted(t, { isForced: false, patience, crops: false, said: 15 }, (device) => ({
      async run(cargo, work) {
        const way = plant(device, ++cargos);
        if (typeof way !== 'string') return way;
        const start = performance.now();
        const cost = await device.run(cargo, work);
        if (way === 'slow') await new Promise((resolve) => setTimeout(resolve, 9 * (performance.now() - start)));
        return cost;
      },
    }));
    const allotment = await allotted(t, source, () => 600, {
      opened: () => {
        opened++;
        if (opened === 2) openedAgain();
      },
      lost: (reason) => reasons.push(reason),
    });
    await allotment.getReady(open.run.image_size);
    const longest: number[] = [];
    for (let round = 0; round < 3; round++)
      for (const [step, { data }] of expected.entries()) {
        const start = performance.now();
        const came = await make(open, form, step, allotment);
        longest.push(performance.now() - start);
        assert.deepEqual(came.data, data, `${what}: step ${step}`);
      }
    assert.ok(cargos >= 1, `${what}: ${cargos} cargos`);
    t.diagnostic(`${what}: ${reasons.join('; ')}; batches of ${longest.map(Math.round)} ms`);
    if (what === 'is ten times as slow') {
      assert.deepEqual(reasons, []);
      assert.ok(allotment.state().samples.webasm! > 0);
      continue;
    }
    assert.equal(reasons.length, 1, what);
    assert.ok(Math.max(...longest) < 10_000, 'a batch waited for a device that was gone');
    await again;
    assert.deepEqual((await make(open, form, 0, allotment)).data, expected[0]!.data);
  }
});

test('a batch that is called off leaves no cargo with the device', async (t) => {
  const { run, make, pool } = await bench();
  const open = await run('plain');
  const allotment = await allotted(
    t,
    planted(t, { isForced: true, patience: 60, crops: true }, () => ({})),
    () => 0,
  );
  const failing = {
    ...open,
    countSample: () => {
      throw new Error('enough');
    },
  };
  await assert.rejects(make(failing, forms[0]!, 0, allotment), /enough/);
  assert.equal(allotment.state().queue, 0);
  const came = await make(open, forms[0]!, 0, allotment);
  assert.deepEqual(came.data, (await make(open, forms[0]!, 0, null)).data);
  assert.ok(pool.taskSeconds > 0);
});
