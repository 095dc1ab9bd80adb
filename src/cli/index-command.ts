import { Command } from '@commander-js/extra-typings';
import { TributaryError } from '../errors.js';
import { indexPositions } from '../positions/index-positions.js';
import { findSource } from '../run/config.js';
import { type IndexReport, reportLines } from '../sources/index-report.js';
import { type IndexOptions, indexSource } from '../sources/index-source.js';
import type { Manifest } from '../sources/manifest/manifest.js';
import { isOf, openPositions, positionsPath } from '../sources/manifest/positions-file.js';
import type { StoredManifest } from '../sources/manifest/stored-manifest.js';
import { openSource, openStored } from '../sources/open-source.js';
import { configOption, readConfig, splitOption } from './options.js';
import { ProgressLine } from './progress.js';

/** `index`: builds the manifests. */
export function indexCommand() {
  return new Command('index')
    .description('build the manifests of the sources that runs use')
    .addOption(configOption())
    .option('--source <name...>', 'only these sources')
    .addOption(splitOption('only this split, of every source: what requests may ask for beside the runs'))
    .option('--missing', 'only what has no manifest that fits the config')
    .option('--out <folder>', "where to write them instead of the config's index, which may lie in a store")
    .option('--positions', 'beside each manifest, where replicas can begin in its JPEG files: some 2 % of their size')
    .option('--strict', 'refuse to index a source of which samples are lost')
    .action(async ({ config: file, source: only, split: asked, missing, out, strict, positions }) => {
      const config = await readConfig(file);
      for (const name of only ?? []) findSource(config, name);
      const indexFolder = out ?? config.index;
      for (const { name, split } of usedSources(config, only, asked)) {
        const source = { ...findSource(config, name), split };
        const indexed = { ...source, indexFolder: config.index };
        const isThere = missing && (await isIndexed(indexed));
        if (isThere) process.stdout.write(`${name} (${split}): indexed already\n`);
        const manifest = isThere ? null : await index({ ...source, strict, indexFolder });
        if (positions)
          await keepPositions(manifest ?? (await openStored(indexed)), { ...source, indexFolder }, missing);
      }
    });
}

async function index(source: IndexOptions): Promise<StoredManifest> {
  const what = `${source.name} (${source.split})`;
  const line = new ProgressLine(what);
  const { manifest, report } = await indexSource({
    ...source,
    onProgress: ({ count, fraction, secondsLeft, rate }) =>
      line.text(
        `${count} samples, ${Math.round(rate)}/s, ${Math.round(100 * fraction)} % of what is known${left(secondsLeft)}`,
      ),
  });
  line.close(`done in ${report.seconds.toFixed(1)} s`);
  process.stdout.write(`${summary(what, manifest, report).join('\n  ')}\n`);
  return manifest;
}

/** Keeps positions in the samples of a manifest beside it; where some of it are there already, only unless `missing`. */
async function keepPositions(manifest: StoredManifest, source: IndexOptions, missing: true | undefined): Promise<void> {
  const { name, split, indexFolder } = source;
  const path = positionsPath(indexFolder, name, split);
  if (path === null)
    throw new TributaryError('ARGUMENT_INVALID', {
      expected: 'a local folder to keep positions in',
      came: indexFolder,
      remedy: 'Keep manifests in a local folder, or leave out --positions: replicas read them from no store',
    });
  const what = `${name} (${split})`;
  if (missing && isUsed(path, manifest)) {
    process.stdout.write(`${what}: has positions already\n`);
    return;
  }
  const line = new ProgressLine(what);
  const report = await indexPositions(manifest, path, ({ count, secondsLeft, rate }) =>
    line.text(`positions in ${count} of ${manifest.count} samples, ${Math.round(rate)}/s${left(secondsLeft)}`),
  );
  line.close(`positions done in ${report.seconds.toFixed(1)} s`);
  const { found, bytes, sampleBytes } = report;
  const share = ((100 * bytes) / Math.max(1, sampleBytes)).toFixed(1);
  process.stdout.write(
    `${what}: positions in ${found} of ${manifest.count} samples, ${(bytes / 1e6).toFixed(1)} MB, ${share} % of their size\n`,
  );
}

function isUsed(path: string, manifest: StoredManifest): boolean {
  try {
    return isOf(openPositions(path), manifest);
  } catch {
    // There is none, or none that can be read: writing it anew says what is wrong.
    return false;
  }
}

/** Whether a source has a manifest that fits the config. @throws TributaryError SOURCE_CHANGED where it was edited since. */
async function isIndexed(source: Parameters<typeof openSource>[0]): Promise<boolean> {
  try {
    await openSource(source);
    return true;
  } catch (error) {
    if (error instanceof TributaryError && error.reason === 'NOT_INDEXED') return false;
    throw error;
  }
}

function summary(what: string, { layout, classNames, fingerprint }: Manifest, report: IndexReport): string[] {
  const classes = classNames.length > 0 ? ` in ${classNames.length} classes` : '';
  const size = `${(report.bytes / 1e6).toFixed(1)} MB`;
  return [
    `${what}: ${report.count} samples${classes}, ${layout}, ${size}, fingerprint ${fingerprint.slice(0, 16)}`,
    ...reportLines(report, classes === '' ? 'shard' : 'class'),
  ];
}

function left(seconds: number | null): string {
  return seconds === null ? '' : `, ${Math.ceil(seconds)} s left`;
}

function usedSources(
  config: Awaited<ReturnType<typeof readConfig>>,
  only: string[] | undefined,
  asked: 'train' | 'val' | undefined,
): { name: string; split: 'train' | 'val' }[] {
  const wanted = Object.keys(config.sources).filter((name) => only === undefined || only.includes(name));
  if (asked !== undefined) return wanted.map((name) => ({ name, split: asked }));
  const used = new Map<string, { name: string; split: 'train' | 'val' }>();
  for (const { sources, split } of Object.values(config.runs))
    for (const name of sources) used.set(`${split} ${name}`, { name, split });
  // A source that no run uses is indexed for training, so that an inline run can use it.
  for (const name of Object.keys(config.sources))
    if (![...used.values()].some((use) => use.name === name)) used.set(`train ${name}`, { name, split: 'train' });
  return [...used.values()].filter(({ name }) => wanted.includes(name));
}
