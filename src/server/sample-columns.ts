import type { BatchSample } from '../batch/batch.js';
import type { OpenRun } from '../runs/open-run.js';

/**
 * What the config wants the header to tell of a batch's samples: a JSON object for each, an empty text where there is nothing to tell.
 * None where no source of the run has columns.
 *
 * @throws TributaryError as `readSample`.
 */
export async function columnsOf(
  { manifests }: Pick<OpenRun, 'manifests'>,
  made: readonly Pick<BatchSample, 'source' | 'index'>[],
): Promise<string[]> {
  const bySource = new Map(manifests.map(({ source, columns }) => [source, columns]));
  if ([...bySource.values()].every((columns) => columns === undefined)) return [];
  return Promise.all(made.map(({ source, index }) => bySource.get(source)?.(index) ?? ''));
}
