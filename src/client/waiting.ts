/** What a client waits for. */
export interface Wait {
  /** For how long by now, in seconds in which this process ran. */
  readonly seconds: number;
  /** The step or the question, with each address and why it has not answered. */
  readonly wanted: string;
}

/** A wait is told from here on, in seconds. */
const first = 3;

/** Tells of waits: once each, and again where what is waited for, or why, has changed. */
export class Waiting {
  readonly #tell: ((wait: Wait) => void) | undefined;
  #told = '';

  constructor(tell: ((wait: Wait) => void) | undefined) {
    this.#tell = tell;
  }

  /** @param seconds how long it has taken so far */
  look(seconds: number, what: () => string): void {
    if (seconds < first || this.#tell === undefined) return;
    const wanted = what();
    if (wanted === this.#told) return;
    this.#told = wanted;
    this.#tell({ seconds, wanted });
  }
}
