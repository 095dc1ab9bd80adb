import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The bytes of the first files of a folder in the layout of ImageNet, in memory. */
export async function readFiles(folder: string, count: number): Promise<Buffer[]> {
  const paths: string[] = [];
  for (const entry of await readdir(join(folder, 'train'), { recursive: true, withFileTypes: true }))
    if (entry.isFile()) paths.push(join(entry.parentPath, entry.name));
  return Promise.all(
    paths
      .sort()
      .slice(0, count)
      .map((path) => readFile(path)),
  );
}
