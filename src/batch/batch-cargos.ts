import type { Allotment, Ways } from '../augment/allotment.js';
import type { Cargo, CargoKind } from '../augment/cargo.js';
import { workOf } from '../augment/device.js';
import type { CargoPlace } from '../augment/stow.js';
import type { Extent } from '../augment/way-costs.js';
import type { Draw } from '../sample/draw.js';
import type { Finished, Offer, Outcome } from './sample-task.js';

/** A sample that lies in a cargo. */
interface StowedSample {
  readonly slot: number;
  readonly place: CargoPlace;
  readonly draw: Draw;
}

interface OpenCargo {
  readonly cargo: Cargo;
  readonly stowed: (StowedSample & { readonly extent: Extent; readonly spent: number })[];
  /** Places that tasks under way may take. */
  promised: number;
  /** Tasks under way that have been offered it. */
  tasks: number;
}

/** What a task was offered. */
interface Given {
  readonly offer: Offer | null;
  readonly cargos: readonly { readonly open: OpenCargo; readonly promised: number }[];
}

/** Worker threads' part after the device's: finishes samples of a cargo in the batch's tensor. */
export type Finish = (cargo: Cargo, isDone: boolean, samples: readonly StowedSample[]) => Promise<readonly Finished[]>;

/**
 * The cargos of one batch: offers each task places in them when it starts, gives a cargo to the device when it is full or nothing
 * more can come, and has it finished by worker threads whatever has become of it. A batch without a device is offered none.
 */
export class BatchCargos {
  readonly #allotment: Allotment | null;
  readonly #run: string;
  readonly #size: number;
  readonly #finish: Finish;
  #left: number;
  readonly #filling = new Set<OpenCargo>();
  readonly #finishing: Promise<void>[] = [];
  readonly #crcs = new Map<number, number>();

  /**
   * @param run what its costs are remembered by.
   * @param samples of the batch.
   */
  constructor(allotment: Allotment | null, run: string, size: number, samples: number, finish: Finish) {
    this.#allotment = allotment;
    this.#run = run;
    this.#size = size;
    this.#left = samples;
    this.#finish = finish;
  }

  /**
   * Has a task of `count` samples made.
   *
   * @param slots the slot of each.
   */
  async task(slots: readonly number[], make: (offer: Offer | null) => Promise<Outcome[]>): Promise<Outcome[]> {
    const allotment = this.#allotment;
    if (allotment === null) return make(null);
    const given = this.#give(allotment, slots.length);
    this.#left -= slots.length;
    let outcomes: Outcome[] = [];
    try {
      outcomes = await make(given.offer);
    } finally {
      this.#took(allotment, given, slots, outcomes);
    }
    return outcomes;
  }

  /** Settles when every stowed sample is finished: the CRC-32 of their slots. Follows the end of all tasks. */
  async finished(): Promise<ReadonlyMap<number, number>> {
    await Promise.all(this.#finishing);
    return this.#crcs;
  }

  /** Settles when nothing writes for this batch any more, where it is called off. */
  async abandon(): Promise<void> {
    for (const { cargo } of this.#filling) this.#allotment?.give(cargo);
    this.#filling.clear();
    await Promise.allSettled(this.#finishing);
  }

  #give(allotment: Allotment, count: number): Given {
    const ways = allotment.ways(this.#run, this.#size);
    if (ways === null) return { offer: null, cargos: [] };
    const cargos = kindsOf(ways).flatMap(({ kind, extents }) => {
      const share = extents.reduce((sum, extent) => sum + allotment.shareOf(this.#run, extent), 0);
      return this.#promise(allotment, kind, Math.ceil(count * Math.min(1, share)));
    });
    return { offer: { ways, cargos: cargos.map(({ open }) => open.cargo) }, cargos };
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

  #took(allotment: Allotment, { offer, cargos }: Given, slots: readonly number[], outcomes: readonly Outcome[]): void {
    for (const { open, promised } of cargos) {
      open.promised -= promised;
      open.tasks--;
    }
    for (const [i, outcome] of outcomes.entries()) {
      if (outcome.status !== 'ok') continue;
      const { draw, left, extent, spent } = outcome;
      if (offer !== null) allotment.see(this.#run, extent);
      if (left.kind === 'cargo') {
        cargos[left.cargo]!.open.stowed.push({ slot: slots[i]!, place: left.place, draw, extent, spent });
        continue;
      }
      allotment.made(1);
      if (extent !== 'nothing') allotment.learn(this.#run, extent, 'threads', spent);
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
      for (const [i, { slot, extent, spent }] of stowed.entries()) {
        this.#crcs.set(slot, finished[i]!.crc32);
        if (isDone) allotment.learn(this.#run, extent, cargo.kind, spent + finished[i]!.spent);
      }
    };
    const sent = act().finally(() => allotment.give(cargo));
    // Its failure is awaited with the rest of the batch.
    sent.catch(() => {});
    this.#finishing.push(sent);
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
