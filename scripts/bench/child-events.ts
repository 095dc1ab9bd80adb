/** Tells the bench that the measured time begins. */
export function begin(): number {
  process.stdout.write(`${JSON.stringify({ event: 'begin' })}\n`);
  return performance.now();
}

/** Tells the bench that it has ended, and what was done since `start`. */
export function end(images: number, start: number): void {
  process.stdout.write(`${JSON.stringify({ event: 'end', images, seconds: (performance.now() - start) / 1000 })}\n`);
}
