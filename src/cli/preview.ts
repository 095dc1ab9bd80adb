import { Command } from '@commander-js/extra-typings';
import { Allotment } from '../augment/allotment.js';
import { openBackend } from '../augment/open-backend.js';
import type { BatchSample } from '../batch/batch.js';
import { BatchMaker } from '../batch/batch-maker.js';
import { FairQueue } from '../batch/fair-queue.js';
import { type GroupTensor, groupTensors, placeOf } from '../batch/group-tensors.js';
import { WorkerPool } from '../batch/worker-pool.js';
import { encodePng } from '../decode/encode-png.js';
import { thumbnail } from '../decode/thumbnail.js';
import { viewsAt } from '../plan/resolution-at.js';
import { checkAddress } from '../run/address.js';
import { isOneView } from '../run/views.js';
import type { OpenRun } from '../runs/open-run.js';
import { readSample } from '../sources/storage/read-sample.js';
import { backendOption, configOption, positiveInteger, readConfig, wholeNumber } from './options.js';
import { writeOutput } from './output.js';
import { indexedRuns } from './runs.js';

const gutter = 4;

/** `preview`: a contact sheet of a batch, each original beside what the batch holds; of several views one sample a row. */
export function previewCommand() {
  return new Command('preview')
    .description('draw a contact sheet of a batch: each original beside the augmented image')
    .addOption(configOption())
    .requiredOption('--run <name>', 'a run of the config')
    .option('--epoch <e>', 'the epoch', wholeNumber, 0)
    .option('--step <s>', 'the step', wholeNumber, 0)
    .option('--images <n>', 'images of the batch to show', positiveInteger, 24)
    .option('--columns <n>', 'pairs in a row, where samples have one view', positiveInteger, 4)
    .addOption(backendOption())
    .requiredOption('--out <file.png>', 'where to write the sheet')
    .action(async ({ config, run, epoch, step, images, columns, backend: choice, out }) => {
      const open = await indexedRuns(await readConfig(config)).open({ name: run });
      checkAddress(open.bounds, { epoch, step });
      const pool = new WorkerPool();
      const queue = new FairQueue(pool.concurrency);
      const backend = await openBackend(choice);
      // One batch keeps no device busy: it is made on one that is named, and otherwise by the threads.
      const allotment = backend.device?.isForced ? new Allotment(backend.device, () => 0) : null;
      try {
        await allotment?.opening;
        const tools = { pool, queue, allotment, onSample: () => {} };
        const maker = new BatchMaker(tools, Number.MAX_SAFE_INTEGER);
        const address = { epoch, step, rank: 0, worldSize: 1 };
        const form = { type: 'UINT8', axes: 'NHWC' } as const;
        const held = await maker.take({ open, address, form }, queue.flow(), new AbortController().signal);
        const shown = held.batch.samples.slice(0, images);
        const views = viewsAt(open.run, address);
        const isOne = isOneView(views);
        const perRow = isOne ? columns : 1;
        const tensors = groupTensors(views, held.batch.samples.length, form);
        writeOutput(out, await sheet(open, shown, held.batch.data, tensors, perRow));
        held.give();
        for (const [slot, { source, key, seed }] of shown.entries()) {
          const place = isOne ? `row ${Math.floor(slot / columns)}, pair ${slot % columns}` : `row ${slot}`;
          process.stdout.write(`${place}: ${source} ${key} seed ${seed}\n`);
        }
      } finally {
        await pool.close();
        await allotment?.close();
        await backend.close();
      }
    });
}

/** One row of each sample's original and its views, or several samples in a row. */
async function sheet(
  open: OpenRun,
  samples: readonly BatchSample[],
  data: Uint8Array,
  tensors: readonly GroupTensor[],
  perRow: number,
): Promise<Buffer> {
  const side = Math.max(...tensors.map(({ size }) => size));
  const cell = tensors.reduce((sum, { size, count }) => sum + count * (size + gutter), side + 2 * gutter);
  const rows = Math.ceil(samples.length / perRow);
  const width = perRow * cell;
  const height = rows * (side + 2 * gutter);
  const canvas = new Uint8Array(width * height * 3).fill(255);
  for (const [slot, sample] of samples.entries()) {
    let left = (slot % perRow) * cell + gutter;
    const top = Math.floor(slot / perRow) * (side + 2 * gutter) + gutter;
    paste(canvas, width, await original(open, sample, side), side, left, top);
    left += side + gutter;
    for (const tensor of tensors)
      for (let view = 0; view < tensor.count; view++) {
        const at = placeOf(tensor, slot, view);
        paste(canvas, width, data.subarray(at, at + tensor.viewBytes), tensor.size, left, top);
        left += tensor.size + gutter;
      }
  }
  return encodePng({ data: canvas, width, height });
}

async function original(open: OpenRun, { source, index }: BatchSample, size: number): Promise<Uint8Array> {
  const manifest = open.manifests.find((candidate) => candidate.source === source)!;
  return thumbnail(await readSample(manifest.location(index)), size);
}

function paste(canvas: Uint8Array, width: number, tile: Uint8Array, size: number, left: number, top: number): void {
  for (let y = 0; y < size; y++)
    canvas.set(tile.subarray(y * size * 3, (y + 1) * size * 3), ((top + y) * width + left) * 3);
}
