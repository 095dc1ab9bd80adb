/** Tells the bench that the measured time begins. */
export function begin(): number {
  process.stdout.write(`${JSON.stringify({ event: 'begin' })}\n`);
  return performance.now();
}

/** Tells the bench that it has ended, what was done since `start`, and further milliseconds by their names. */
export function end(images: number, start: number, delays: Readonly<Record<string, number>> = {}): void {
  const seconds = (performance.now() - start) / 1000;
  process.stdout.write(`${JSON.stringify({ event: 'end', images, seconds, delays })}\n`);
}
