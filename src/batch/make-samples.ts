import { TributaryError } from '../errors.js';
import { successor } from '../plan/plan.js';
import { whenHere } from '../sources/manifest/away.js';
import type { BatchRequest, BatchSample, CorruptSample, ResolvedRun } from './batch.js';
import type { BatchCargos } from './batch-cargos.js';
import type { FairQueue, Turn } from './fair-queue.js';
import { groupSize, inGroups } from './sample-groups.js';
import type { MadeView, Outcome } from './sample-task.js';
import { inSlices } from './slices.js';
import { partOfPlace } from './thread-places.js';
import type { BatchPlaces, PlannedSlot, WorkerPool } from './worker-pool.js';

/** Where samples are made. */
export interface SampleTools {
  readonly pool: WorkerPool;
  readonly queue: FairQueue;
  /** Told of every slot's outcome. */
  readonly onSample: (source: string, corrupt: readonly CorruptSample[]) => void;
}

/** A sample that worker threads have made, and what they left of its views. */
export interface MadeSample {
  readonly sample: BatchSample;
  readonly views: readonly MadeView[];
}

/** Samples of a walk that are tried for one slot before the source counts as unreadable. */
const triesPerSlot = 64;

/**
 * Makes the planned samples, or for a corrupt one the next readable one of the same walk where the run substitutes.
 *
 * @param cargos of each group of views; none where nothing goes to a device.
 * @returns groups of samples, in order; each is made by itself.
 * @throws TributaryError SAMPLE_CORRUPT where the run does not substitute, or `triesPerSlot` samples are corrupt.
 */
export async function makeSamples(
  tools: SampleTools,
  request: BatchRequest,
  slots: readonly PlannedSlot[],
  room: BatchPlaces,
  cargos: readonly BatchCargos[],
  turn: Turn,
): Promise<Promise<MadeSample[]>[]> {
  const makeGroup = async (group: readonly PlannedSlot[]): Promise<MadeSample[]> => {
    const outcomes = await tried(tools, request, group, room, cargos, turn);
    const made: MadeSample[] = [];
    // One after the other: where one fails, none of the group may still be written to.
    for (const [i, slot] of group.entries()) made.push(await settled(tools, request, slot, outcomes[i]!, room, turn));
    return made;
  };
  const groups = inGroups(slots, groupSize(slots.length, tools.pool.threads));
  return inSlices(groups.length, (number) => {
    const made = makeGroup(groups[number]!);
    // It is awaited with the others; until then its failure must not count as unhandled.
    made.catch(() => {});
    return made;
  });
}

function tried(
  { pool, queue }: SampleTools,
  { open }: BatchRequest,
  slots: readonly PlannedSlot[],
  room: BatchPlaces,
  cargos: readonly BatchCargos[],
  { flow, signal }: Turn,
): Promise<Outcome[]> {
  const cost = slots.length * pool.secondsOf(open);
  const part = partOfPlace(
    open.manifests,
    slots.map(({ sample }) => sample),
  );
  const sources = [...new Set(slots.map(({ sample }) => open.manifests[sample.source]!.source))];
  return queue.add(flow, () => make(pool, open, slots, room, cargos), signal, { cost, sources, part });
}

async function make(
  pool: WorkerPool,
  open: ResolvedRun,
  slots: readonly PlannedSlot[],
  room: BatchPlaces,
  cargos: readonly BatchCargos[],
): Promise<Outcome[]> {
  const given = cargos.map((each) => each.offer(slots.length));
  let outcomes: Outcome[] = [];
  try {
    outcomes = await pool.make(
      open,
      slots,
      room,
      given.map(({ offer }) => offer),
    );
  } finally {
    const numbers = slots.map(({ slot }) => slot);
    for (const [i, each] of cargos.entries()) each.took(given[i]!, numbers, outcomes);
  }
  return outcomes;
}

async function settled(
  tools: SampleTools,
  request: BatchRequest,
  { sample: planned, slot }: PlannedSlot,
  first: Outcome,
  room: BatchPlaces,
  turn: Turn,
): Promise<MadeSample> {
  const { open, address } = request;
  const manifest = open.manifests[planned.source]!;
  const corrupt: CorruptSample[] = [];
  const most = Math.min(triesPerSlot, manifest.count);
  for (let tries = 0; tries < most; tries++) {
    const next = () => successor(open.plan, address.epoch, planned, tries);
    const sample = tries === 0 ? planned : await whenHere(next, turn.signal);
    // A batch's cargos may be under way already.
    const outcome = tries === 0 ? first : (await tried(tools, request, [{ sample, slot }], room, [], turn))[0]!;
    const { index, seed, pass } = sample;
    const key = manifest.key(index);
    open.countSample(outcome.status === 'corrupt');
    if (outcome.status === 'ok') {
      tools.onSample(manifest.source, corrupt);
      const { draw, views } = outcome;
      const label = open.labels.of(planned.source, index);
      return { sample: { source: manifest.source, key, seed, pass, label, draw, index, corrupt }, views };
    }
    corrupt.push({ key, reason: outcome.reason });
    if (open.run.on_corrupt === 'fail') throw corruptSample(manifest.source, corrupt, 'a readable image');
  }
  throw corruptSample(manifest.source, corrupt, `a readable image among ${most} samples of the walk`);
}

function corruptSample(source: string, corrupt: readonly CorruptSample[], expected: string): TributaryError {
  const last = corrupt.at(-1)!;
  return new TributaryError('SAMPLE_CORRUPT', {
    expected: `${expected} for source ${source}`,
    came: `${last.key}: ${last.reason}`,
    remedy: 'Mend or remove the file and index the source again, or set on_corrupt to substitute',
    metadata: { source, key: last.key, cause: last.reason },
  });
}
