import { LRUCache } from 'lru-cache';
import { Piscina } from 'piscina';
import { TributaryError } from '../errors.js';
import { threadArguments } from '../memory/thread-arguments.js';
import { whenHere } from './manifest/away.js';
import type { StoredManifest } from './manifest/stored-manifest.js';
import { textAt } from './packed-texts.js';
import type { RowAnswer, RowTask, ShardForm } from './row-thread.js';
import { rowDigits } from './scan/shard.js';
import type { Location } from './storage/storage.js';

/** Texts of row groups that are kept, in bytes, and forms of shards, in number, of one source. */
const keptBytes = 32 << 20;
const keptForms = 1024;
/** Groups that are read at a time: most of that is waiting for the storage. */
const atOnce = 16;

/** One thread for all sources, once there are any. It keeps no process from its end. */
let thread: Piscina<RowTask, RowAnswer> | null = null;

/**
 * What rows of Parquet shards have in these columns, read by row groups in a thread when it is asked for; those that were read last are
 * kept.
 *
 * @throws TributaryError CONFIG_INVALID for a column that the first shard does not have or that holds images, and as `readSample`.
 */
export async function columnsOfRows(
  columns: readonly string[],
  manifest: StoredManifest,
): Promise<NonNullable<StoredManifest['columns']>> {
  const sizes = new Map(manifest.details.shards.map(([name, bytes]) => [name, bytes]));
  const forms = new LRUCache<string, ShardForm, Location>({
    max: keptForms,
    fetchMethod: async (_name, _stale, { context: shard }) => ((await read({ shard })) as { form: ShardForm }).form,
  });
  const groups = new LRUCache<string, SharedArrayBuffer, RowTask>({
    maxSize: keptBytes,
    sizeCalculation: ({ byteLength }) => byteLength + 50,
    fetchMethod: async (_group, _stale, { context: task }) => ((await read(task)) as { rows: SharedArrayBuffer }).rows,
  });
  const open = async (index: number) => {
    const [key, location] = await whenHere(() => [manifest.key(index), manifest.location(index)] as const);
    const name = key.slice(0, -rowDigits - 1);
    const shard = wholeShard(location, sizes.get(name)!);
    return { name, row: Number(key.slice(-rowDigits)), shard, form: (await forms.fetch(name, { context: shard }))! };
  };
  refuseUnknown(manifest, columns, (await open(0)).form);
  return async (index) => {
    const { name, row, shard, form } = await open(index);
    const group = form.bounds.findLastIndex((start) => start <= row);
    const [from, to] = [form.bounds[group]!, form.bounds[group + 1]];
    if (to === undefined) return '';
    const rows = await groups.fetch(`${from} ${name}`, { context: { shard, rows: { columns, from, to } } });
    return textAt(rows!, row - from);
  };
}

/** What the thread has read. @throws TributaryError as `readSample`. */
async function read(task: RowTask): Promise<Exclude<RowAnswer, { reason: unknown }>> {
  thread ??= new Piscina({
    filename: new URL('./row-thread.js', import.meta.url).href,
    minThreads: 1,
    maxThreads: 1,
    concurrentTasksPerWorker: atOnce,
    execArgv: [...threadArguments],
  });
  const answer = await thread.run(task);
  if ('reason' in answer) throw new TributaryError(answer.reason, answer.detail);
  return answer;
}

function wholeShard({ path, root, outside, version }: Location, length: number): Location {
  return { path, root, offset: 0, length, ...(outside && { outside }), ...(version && { version }) };
}

function refuseUnknown({ source }: StoredManifest, columns: readonly string[], { columns: known }: ShardForm): void {
  const others = columns.filter((column) => !known.includes(column));
  if (others.length === 0) return;
  throw new TributaryError('CONFIG_INVALID', {
    expected: `columns beside the images of source ${source}: ${known.join(', ')}`,
    came: others.join(', '),
    remedy: 'Name columns that the files have',
    metadata: { source },
  });
}
