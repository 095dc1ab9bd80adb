import type { Sample } from '../../protos/generated/tributary/v1/Sample.js';
import type { BatchSample } from '../batch/batch.js';
import { checkMessage } from '../contract/message-limit.js';
import type { OpenRun } from '../runs/open-run.js';
import { readSample } from '../sources/storage/read-sample.js';

/** The files beside a sample that are its text, by suffix, and where a header has them. */
const textFields = [
  ['txt', 'text'],
  ['json', 'json'],
] as const;

/**
 * Puts the texts of a batch's samples into its header.
 *
 * @throws TributaryError TOO_MUCH_ASKED, before any is read, where they are too long for a message.
 */
export async function addTexts(
  open: Pick<OpenRun, 'manifests'>,
  made: readonly Pick<BatchSample, 'source' | 'index' | 'key'>[],
  samples: Sample[],
): Promise<void> {
  const texts = made.flatMap(({ source, index, key }, slot) => {
    const manifest = open.manifests.find((candidate) => candidate.source === source)!;
    return textFields.flatMap(([suffix, field]) => {
      const location = manifest.sibling(index, suffix);
      return location === null ? [] : [{ slot, field, location, name: `${key} of source ${source}` }];
    });
  });
  const longest = texts.reduce((a, b) => (b.location.length > a.location.length ? b : a), texts[0]!);
  checkMessage(
    texts.reduce((sum, { location }) => sum + location.length, 0),
    'texts of a batch',
    `The longest is that of ${longest?.name}. Ask without text, or for a smaller share (more ranks)`,
  );
  await Promise.all(
    texts.map(async ({ slot, field, location }) => {
      samples[slot]![field] = (await readSample(location)).toString('utf8');
    }),
  );
}
