import { setImmediate as turned } from 'node:timers/promises';
import { FairQueue, type Flow } from '../batch/fair-queue.js';
import { breathe } from '../batch/slices.js';
import { anyone, type Called, type Identity, type Tokens } from './tokens.js';

/** A call, as it is let in. */
export interface Caller extends Identity {
  /** Aborted once the client has left. */
  readonly gone: AbortSignal;
  /** Its place among all that want the main thread. */
  readonly flow: Flow;
}

/** Milliseconds of the main thread, about, that a call costs before anything is done for it. */
const callCost = 1;
/** And a message to its client, at the least. */
const messageCost = 0.2;
const bytesPerMillisecond = 1 << 20;

/** What a message of so many bytes costs of the main thread, in milliseconds, about. */
export function costOfBytes(bytes: number): number {
  return Math.max(messageCost, bytes / bytesPerMillisecond);
}

/**
 * Where every call enters: the main thread is one, and what calls want of it is done in their clients' turns, in slices between which
 * the event loop turns. So nobody's work keeps another's waiting for longer than one slice, and a client that asks for more gets it
 * from what others leave. What a call may ask for at all is in `contract/bounds.ts`.
 */
export class Gate {
  readonly #main = new FairQueue(1);
  readonly #texts = new FairQueue(1);
  readonly #tokens: Tokens | null;

  /** @param tokens who may call; everybody may where it is absent. */
  constructor(tokens: Tokens | null = null) {
    this.#tokens = tokens;
  }

  /** Who makes a call. Rejects where that is nobody who may. */
  async identify(call: Called): Promise<Identity> {
    return this.#tokens === null ? anyone(call) : this.#tokens.identify(call);
  }

  /** Lets a call in, in its turn. Rejects where its client has left meanwhile: nothing is begun for a call that is reset at once. */
  async enter(identity: Identity, gone: AbortSignal): Promise<Caller> {
    // What was sent with it, a reset above all, has been heard after this.
    await turned();
    const caller = { ...identity, gone, flow: this.#main.flow(identity.client) };
    await this.turn(caller, async () => {}, callCost);
    return caller;
  }

  /**
   * Does a call's work of the main thread in its client's turn. Rejects with the reason of `gone` if that comes first.
   *
   * @param cost milliseconds, about.
   */
  turn<T>({ flow, gone }: Caller, act: () => Promise<T>, cost: number): Promise<T> {
    const bounded = async (): Promise<T> => {
      try {
        return await act();
      } finally {
        await breathe();
      }
    };
    return this.#main.add(flow, bounded, gone, { cost });
  }

  /** Reads a run that a call carries, in its client's turn: one at a time, as there is one thread for it. */
  read<T>({ flow, gone }: Caller, act: () => Promise<T>): Promise<T> {
    return this.#texts.add(flow, act, gone);
  }
}
