import type { BatchSample } from '../batch/batch.js';
import { checkMessage, textBytes } from '../contract/message-limit.js';
import type { OpenRun } from '../runs/open-run.js';

/**
 * What the config wants the header to tell of a batch's samples: a JSON object for each, an empty text where there is nothing to tell.
 * None where no source of the run has columns.
 *
 * @throws TributaryError TOO_MUCH_ASKED where they are too long for a message, and as `readSample`.
 */
export async function columnsOf(
  { manifests }: Pick<OpenRun, 'manifests'>,
  made: readonly Pick<BatchSample, 'source' | 'index'>[],
): Promise<string[]> {
  const bySource = new Map(manifests.map(({ source, columns }) => [source, columns]));
  if ([...bySource.values()].every((columns) => columns === undefined)) return [];
  const texts = await Promise.all(made.map(({ source, index }) => bySource.get(source)?.(index) ?? ''));
  checkMessage(
    textBytes(texts),
    'columns of a batch',
    'Name fewer columns of its sources, or ask for a smaller share (more ranks)',
  );
  return texts;
}
