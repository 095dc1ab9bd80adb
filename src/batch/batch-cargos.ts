import type { Allotment, Ways } from '../augment/allotment.js';
import type { Cargo, CargoKind } from '../augment/cargo.js';
import { workOf } from '../augment/device.js';
import type { CargoPlace } from '../augment/stow.js';
import type { Extent } from '../augment/way-costs.js';
import type { Draw } from '../sample/draw.js';
import type { FairQueue, Turn } from './fair-queue.js';
import { type GroupTensor, placeOf } from './group-tensors.js';
import { inGroups } from './sample-groups.js';
import type { BatchBuffers, Finished, Offer, Outcome } from './sample-task.js';
import type { WorkerPool } from './worker-pool.js';

/** A view that lies in a cargo. */
interface StowedView {
  /** Where its bytes begin in the batch. */
  readonly at: number;
  readonly place: CargoPlace;
  readonly draw: Draw;
}

interface OpenCargo {
  readonly cargo: Cargo;
  readonly stowed: (StowedView & { readonly extent: Extent; readonly spent: number })[];
  /** Places that tasks under way may take. */
  promised: number;
  /** Tasks under way that have been offered it. */
  tasks: number;
}

/** What a task is offered when it starts. */
export interface Given {
  readonly offer: Offer | null;
  readonly cargos: readonly { readonly open: OpenCargo; readonly promised: number }[];
}

/** Who has a part in a batch's cargos: what decides over the device, and the threads that finish what comes back from it. */
export interface CargoTools {
  readonly allotment: Allotment | null;
  readonly pool: Pick<WorkerPool, 'finish'>;
  readonly queue: FairQueue;
}

/** The batch, and the group of its views, that cargos are of. */
export interface CargoBatch {
  /** What the costs of the run's group are remembered by. */
  readonly run: string;
  readonly tensor: GroupTensor;
  /** The group's first view among a draw's. */
  readonly firstView: number;
  readonly samples: number;
  readonly room: BatchBuffers;
}

/** Views that one task finishes: a small part of a millisecond each, where a task costs the main thread as much. */
const finishedAtOnce = 16;

/**
 * The cargos of one group of a batch's views: offers each task places in them when it starts, gives a cargo to the device when it is full or nothing
 * more can come, and has it finished by worker threads whatever has become of it. A batch without a device is offered none.
 */
export class BatchCargos {
  readonly #tools: CargoTools;
  readonly #batch: CargoBatch;
  readonly #size: number;
  readonly #turn: Turn;
  #left: number;
  readonly #filling = new Set<OpenCargo>();
  readonly #finishing: Promise<void>[] = [];
  readonly #crcs = new Map<number, number>();

  constructor(tools: CargoTools, batch: CargoBatch, turn: Turn) {
    this.#tools = tools;
    this.#batch = batch;
    this.#size = batch.tensor.size;
    this.#turn = turn;
    this.#left = batch.samples * batch.tensor.count;
  }

  /** Places for the views of a task of `samples` that starts now. `took` follows, whatever becomes of the task. */
  offer(samples: number): Given {
    const { allotment } = this.#tools;
    const count = samples * this.#batch.tensor.count;
    const ways = allotment?.ways(this.#batch.run, this.#size) ?? null;
    const cargos = allotment === null || ways === null ? [] : this.#cargosFor(allotment, ways, count);
    this.#left -= count;
    return { offer: ways && { ways, cargos: cargos.map(({ open }) => open.cargo) }, cargos };
  }

  /** Settles when every stowed view is finished: their CRC-32 by where they begin. Follows the end of all tasks. */
  async finished(): Promise<ReadonlyMap<number, number>> {
    await Promise.all(this.#finishing);
    return this.#crcs;
  }

  /** Settles when nothing writes for this batch any more, where it is called off. */
  async abandon(): Promise<void> {
    for (const { cargo } of this.#filling) this.#tools.allotment?.give(cargo);
    this.#filling.clear();
    await Promise.allSettled(this.#finishing);
  }

  #cargosFor(allotment: Allotment, ways: Ways, count: number): Given['cargos'] {
    return kindsOf(ways).flatMap(({ kind, extents }) => {
      const share = extents.reduce((sum, extent) => sum + allotment.shareOf(this.#batch.run, extent), 0);
      return this.#promise(allotment, kind, Math.ceil(count * Math.min(1, share)));
    });
  }

  /** Places for `count` samples, as far as there are any. */
  #promise(allotment: Allotment, kind: CargoKind, count: number): Given['cargos'] {
    const given: { open: OpenCargo; promised: number }[] = [];
    for (let left = count; left > 0; ) {
      const open = this.#withRoom(kind) ?? this.#open(allotment, kind);
      if (open === null) break;
      const promised = Math.min(left, roomOf(open));
      open.promised += promised;
      open.tasks++;
      given.push({ open, promised });
      left -= promised;
    }
    return given;
  }

  #withRoom(kind: CargoKind): OpenCargo | undefined {
    for (const open of this.#filling) if (open.cargo.kind === kind && roomOf(open) > 0) return open;
    return undefined;
  }

  #open(allotment: Allotment, kind: CargoKind): OpenCargo | null {
    const cargo = allotment.open(this.#left, this.#size, kind);
    if (cargo === null) return null;
    const open: OpenCargo = { cargo, stowed: [], promised: 0, tasks: 0 };
    this.#filling.add(open);
    return open;
  }

  /** Notes what a task has made of its slots, none where it failed, and sends the cargos that this completes. */
  took({ offer, cargos }: Given, slots: readonly number[], outcomes: readonly Outcome[]): void {
    const { allotment } = this.#tools;
    if (allotment === null) return;
    for (const { open, promised } of cargos) {
      open.promised -= promised;
      open.tasks--;
    }
    const { run, tensor, firstView } = this.#batch;
    for (const [i, outcome] of outcomes.entries()) {
      if (outcome.status !== 'ok') continue;
      for (let view = 0; view < tensor.count; view++) {
        const draw = outcome.draw.views[firstView + view]!;
        const { left, extent, spent } = outcome.views[firstView + view]!;
        if (offer !== null) allotment.see(run, extent);
        if (left.kind === 'cargo') {
          const at = placeOf(tensor, slots[i]!, view);
          cargos[left.cargo]!.open.stowed.push({ at, place: left.place, draw, extent, spent });
          continue;
        }
        allotment.made(1);
        if (extent !== 'nothing') allotment.learn(run, extent, 'threads', spent);
      }
    }
    for (const open of this.#filling)
      if (open.tasks === 0 && (this.#left === 0 || open.stowed.length >= open.cargo.images))
        this.#send(allotment, open);
  }

  /** Gives a cargo to the device, and has it finished. */
  #send(allotment: Allotment, open: OpenCargo): void {
    this.#filling.delete(open);
    const { cargo, stowed } = open;
    const act = async () => {
      if (stowed.length === 0) return;
      const lists = stowed.map(({ draw, place }) => draw.steps.slice(place.from));
      const isDone = await allotment.run(cargo, workOf(lists));
      const finished = await this.#finish(cargo, isDone, stowed);
      for (const [i, { at, extent, spent }] of stowed.entries()) {
        this.#crcs.set(at, finished[i]!.crc32);
        if (isDone) allotment.learn(this.#batch.run, extent, cargo.kind, spent + finished[i]!.spent);
      }
    };
    const sent = act().finally(() => allotment.give(cargo));
    // Its failure is awaited with the rest of the batch.
    sent.catch(() => {});
    this.#finishing.push(sent);
  }

  /** Worker threads' part after the device's: finishes samples of a cargo in the batch's tensor. */
  async #finish(cargo: Cargo, isDone: boolean, stowed: readonly StowedView[]): Promise<Finished[]> {
    const { pool, queue } = this.#tools;
    const { flow, signal } = this.#turn;
    const groups = inGroups(stowed, finishedAtOnce).map((group) => {
      const views = group.map(({ at, place, draw }) => ({ at, place, draw }));
      const { form, tensor } = this.#batch.room;
      const task = { kind: 'finish', form, tensor, cargo, isDone, views } as const;
      // What has had its turn and only goes on takes nothing of its flow.
      return queue.add(flow, () => pool.finish(task), signal, { cost: 0 });
    });
    // All of them end before this does: until then they write.
    await Promise.allSettled(groups);
    return (await Promise.all(groups)).flat();
  }
}

function roomOf({ cargo, stowed, promised }: OpenCargo): number {
  return cargo.images - stowed.length - promised;
}

/** The kinds of cargo that these ways need, in the order in which a sample is offered them. */
function kindsOf({ whole, suffix }: Ways): { kind: CargoKind; extents: Extent[] }[] {
  return (['crops', 'images'] as const).flatMap((kind) => {
    const extents = (['whole', 'suffix'] as const).filter((extent) => ({ whole, suffix })[extent] === kind);
    return extents.length > 0 ? [{ kind, extents }] : [];
  });
}
