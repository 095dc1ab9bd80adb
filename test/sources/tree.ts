import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { pack } from 'tar-stream';

/** A temporary folder that goes when the test ends. */
export async function temporaryFolder(context: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-sources-'));
  context.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes files of so many bytes, or of given content. */
export async function writeTree(
  root: string,
  files: Readonly<Record<string, number | string | Buffer>>,
): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    const path = join(root, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, typeof content === 'number' ? Buffer.alloc(content, 7) : content);
  }
}

/** Makes things old enough for their times to be relied on. */
export async function age(...paths: string[]): Promise<void> {
  const then = new Date(Date.now() - 60_000);
  for (const path of paths) await utimes(path, then, then);
}

/** A tar file of these members. */
export async function tarOf(members: readonly (readonly [string, string | Buffer])[]): Promise<Buffer> {
  const tar = pack();
  for (const [name, content] of members) tar.entry({ name }, content);
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
