/** A line of progress on standard error: redrawn in place on a terminal, now and then elsewhere. */
export class ProgressLine {
  readonly #label: string;
  readonly #terminal = process.stderr.isTTY === true;
  readonly #start = performance.now();
  #shownAt = Number.NEGATIVE_INFINITY;

  constructor(label: string) {
    this.#label = label;
  }

  /** Shows `done` of `total` with rate and time left. */
  show(done: number, total: number, more = ''): void {
    this.text(this.#bar(done, total, more));
  }

  /** Shows any text, where enough time has passed since the last. */
  text(text: string): void {
    const now = performance.now();
    if (now - this.#shownAt < (this.#terminal ? 100 : 5_000)) return;
    this.#shownAt = now;
    this.#write(text);
  }

  /** Shows the last state and ends the line. */
  end(done: number, total: number, more = ''): void {
    this.close(this.#bar(done, total, more));
  }

  /** Shows a last text and ends the line. */
  close(text: string): void {
    this.#write(text);
    if (this.#terminal) process.stderr.write('\n');
  }

  #bar(done: number, total: number, more: string): string {
    const seconds = (performance.now() - this.#start) / 1000;
    const width = 24;
    const filled = Math.round((width * done) / Math.max(total, 1));
    const left = done === 0 ? '' : `${(((total - done) * seconds) / done).toFixed(0)} s left`;
    return `[${'#'.repeat(filled)}${'.'.repeat(width - filled)}] ${done}/${total} ${left} ${more}`;
  }

  #write(text: string): void {
    const line = `${this.#label} ${text}`.trimEnd();
    process.stderr.write(this.#terminal ? `\r\x1b[K${line}` : `${line}\n`);
  }
}
