import { availableParallelism } from 'node:os';
import { Piscina } from 'piscina';
import { TributaryError } from '../errors.js';
import { threadArguments } from '../memory/thread-arguments.js';
import { whenHere } from '../sources/manifest/away.js';
import type { Manifest } from '../sources/manifest/manifest.js';
import { writePositions } from '../sources/manifest/positions-file.js';
import { type Progress, ProgressMeter } from '../sources/scan/progress-meter.js';
import type { Location } from '../sources/storage/storage.js';
import type { Found } from './position-thread.js';

/** What came of looking for positions. */
export interface PositionsReport {
  /** Samples that have some. */
  readonly found: number;
  /** What they take, and what the samples take. */
  readonly bytes: number;
  readonly sampleBytes: number;
  readonly seconds: number;
}

const samplesInTask = 32;

/**
 * Finds positions in all samples of a manifest, on every core, and writes them to `path`. Every sample is read once; held is no more
 * than what threads are at.
 *
 * @throws TributaryError STORAGE_UNAVAILABLE where a sample cannot be read, ARGUMENT_INVALID where the file cannot be written; what was
 *   at `path` stays then.
 */
export async function indexPositions(
  manifest: Manifest,
  path: string,
  onProgress?: (progress: Progress) => void,
): Promise<PositionsReport> {
  const meter = new ProgressMeter(manifest.source, onProgress);
  meter.expect(manifest.count);
  const threads = Math.max(1, Math.min(availableParallelism(), Math.ceil(manifest.count / samplesInTask)));
  const filename = new URL('./position-thread.js', import.meta.url).href;
  const pool = new Piscina<readonly Location[], Found>({
    filename,
    minThreads: threads,
    maxThreads: threads,
    execArgv: [...threadArguments],
  });
  const report = { found: 0, bytes: 0, sampleBytes: 0 };
  try {
    await writePositions(path, manifest, inOrder(manifest, pool, 2 * threads, meter, report));
  } catch (cause) {
    const { syscall, message } = cause as NodeJS.ErrnoException;
    if (syscall === undefined) throw cause;
    throw new TributaryError('ARGUMENT_INVALID', {
      expected: 'a folder for positions that can be written to',
      came: message,
      remedy: 'Give this process the right to write there, make room, or name another folder',
      metadata: { path },
      cause,
    });
  } finally {
    await pool.destroy();
  }
  meter.tell();
  return { ...report, seconds: meter.seconds };
}

async function* inOrder(
  manifest: Manifest,
  pool: Piscina<readonly Location[], Found>,
  ahead: number,
  meter: ProgressMeter,
  report: { found: number; bytes: number; sampleBytes: number },
): AsyncGenerator<readonly Uint8Array[], void> {
  const underWay: { first: number; found: Promise<Found> }[] = [];
  for (let next = 0; next < manifest.count || underWay.length > 0; ) {
    for (; next < manifest.count && underWay.length < ahead; next += samplesInTask) {
      const numbers = range(manifest, next);
      const found = pool.run(await whenHere(() => numbers.map((index) => manifest.location(index))));
      // It is awaited in its turn; until then its failure must not count as unhandled.
      found.catch(() => {});
      underWay.push({ first: next, found });
    }
    const { first, found } = underWay.shift()!;
    const outcome = await found;
    if ('reason' in outcome) throw new TributaryError(outcome.reason, outcome.detail);
    const sizes = await whenHere(() => Uint32Array.from(range(manifest, first), (index) => manifest.size(index)));
    for (const { length } of outcome.positions) {
      if (length > 0) report.found++;
      report.bytes += length;
    }
    report.sampleBytes += sizes.reduce((sum, size) => sum + size, 0);
    meter.add(sizes.length, { count: sizes.length, sizes });
    yield outcome.positions;
  }
}

function range({ count }: Manifest, first: number): number[] {
  return Array.from({ length: Math.min(samplesInTask, count - first) }, (_, i) => first + i);
}
