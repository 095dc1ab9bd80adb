import { TributaryError } from '../errors.js';
import type { ManifestDetails, Rows, Share } from './manifest/stored-manifest.js';
import { type LeftOut, LeftOutTally, leftOutMeanings } from './scan/left-out.js';
import { shownName } from './storage/shown-name.js';

/** What an indexing found. */
export interface IndexReport {
  readonly manifestPath: string;
  readonly count: number;
  readonly bytes: number;
  readonly seconds: number;
  /** What is no sample, by its kind. */
  readonly leftOut: readonly LeftOut[];
  /** Classes or shards of which a tenth or more is lost, the worst first; a source without either under an empty name. */
  readonly losses: readonly Share[];
  /** Shards that are damaged or at odds with their `_stats.json`. */
  readonly warnings: ManifestDetails['warnings'];
  /** Shards that were taken from an earlier manifest. */
  readonly reusedShards: number;
}

/** What of a report is about losses. */
export type Findings = Pick<IndexReport, 'leftOut' | 'losses' | 'warnings'>;

/** So many classes, shards or damages are named. */
const named = 5;

/** What rows say of losses. */
export function findingsOf({ leftOut, shares, warnings }: Rows): Findings {
  const tally = new LeftOutTally();
  tally.addAll(leftOut);
  const losses = shares
    .filter(({ lost, of }) => lost > 0 && 10 * lost >= of)
    .sort((a, b) => b.lost / b.of - a.lost / a.of);
  return { leftOut: tally.list(), losses, warnings };
}

/** Lines for people, losses first. @param noun what a share is: a class or a shard. */
export function reportLines({ leftOut, losses, warnings }: Findings, noun: string): string[] {
  const shares = losses.map(({ name, lost, of }) => {
    const whole = name === '' ? 'the source' : `${noun} ${shownName(name)}`;
    return `WARNING: ${lost} of ${of} samples of ${whole} are lost`;
  });
  const damages = warnings.map(({ shard, what }) => `WARNING: ${shownName(shard)}: ${what}`);
  return [...first(shares), ...first(damages), ...leftOut.map(leftOutLine)];
}

function first(lines: readonly string[]): string[] {
  const more = lines.length - named;
  return more > 0 ? [...lines.slice(0, named), `WARNING: and ${more} more like these`] : [...lines];
}

/** `left out 2 (files whose names are not UTF-8): a, b; rename them`. */
function leftOutLine({ kind, count, examples }: LeftOut): string {
  const { text, remedy } = leftOutMeanings[kind];
  const names = examples.map(shownName).join(', ') + (count > examples.length ? ', ...' : '');
  const what = kind === 'empty' ? 'kept' : 'left out';
  return `${what} ${count} (${text}): ${names}${remedy === undefined ? '' : `; ${remedy}`}`;
}

/**
 * Refuses what `--strict` refuses: samples that are lost, and damaged shards. Hidden files and files that are no images are
 * none of these.
 *
 * @throws TributaryError INDEX_INCOMPLETE
 */
export function refuseLosses(source: string, findings: Findings): void {
  const { warnings } = findings;
  const leftOut = findings.leftOut.filter(({ kind }) => leftOutMeanings[kind].isLoss);
  if (leftOut.length + warnings.length === 0) return;
  throw new TributaryError('INDEX_INCOMPLETE', {
    expected: `every sample of source ${source} in its index, as --strict asks`,
    came: reportLines({ leftOut, losses: [], warnings }, 'shard').join('; '),
    remedy: 'Mend the source, or index it without --strict',
    metadata: { source },
  });
}

/**
 * Refuses class folders that torchvision's ImageFolder counts and that this index would not have: every label after them
 * would be another than ImageFolder's.
 *
 * @throws TributaryError INDEX_INCOMPLETE
 */
export function refuseLostClasses(source: string, { lostClasses, leftOut }: Rows): void {
  if (lostClasses.length === 0) return;
  const names = lostClasses.slice(0, 3).map(shownName).join(', ') + (lostClasses.length > 3 ? ', ...' : '');
  const why = leftOut.filter(({ kind }) => leftOutMeanings[kind].isLoss || kind === 'link_loop').map(leftOutLine);
  throw new TributaryError('INDEX_INCOMPLETE', {
    expected: `every class folder of source ${source}, so that labels are those of torchvision's ImageFolder`,
    came: `some without a sample that can be read: ${names} (${why.join('; ')})`,
    remedy: `Name the folders that links lead into in sources.${source}.follow_links, mend the names, or take the class folders away, which gives the classes after them other labels`,
    metadata: { source, classes: names },
  });
}
