import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { writeManifest } from '../../../src/sources/manifest/manifest-file.js';
import { RowCollector } from '../../../src/sources/manifest/rows.js';
import { temporaryFolder } from '../tree.js';

/** A manifest of `count` files whose keys have `length` bytes. */
export async function writtenManifest(context: TestContext, count: number, length: number): Promise<string> {
  const path = join(await temporaryFolder(context), 'm.arrow');
  await writeManifest(path, 'files', async (add) => {
    const collector = new RowCollector();
    const nothing = new Uint8Array(0);
    for (let i = 0; i < count; i++) {
      const key = Buffer.from(String(i).padStart(length, '0'));
      collector.append(key, nothing, 0, 0, i, -1);
      for (const batch of collector.full()) await add(batch);
    }
    for (const batch of collector.finish()) await add(batch);
    const place = { root: '/data', folder: '', guard: 'root', layout: 'flat', source: 's', split: 'train' } as const;
    const said = { classNames: [], folders: [], shards: [], warnings: [] };
    return { format: 2, ...place, ...said, count, bytes: 0, fingerprint: '0'.repeat(64) };
  });
  return path;
}
