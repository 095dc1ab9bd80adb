import { execFileSync } from 'node:child_process';
import { mkdir, open, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';

/** The files of a source of the sample set, each with its path and its key. */
export async function filesOf(config: string, folder: string, root = folder): Promise<{ path: string; key: string }[]> {
  const base = dirname(config);
  const names = (await readdir(join(base, folder))).sort();
  return names.map((name) => {
    const path = join(base, folder, name);
    return { path, key: path.slice(join(base, root).length + 1) };
  });
}

/** A PNG of this size by its header: of one channel, with no row inside unless there are few enough. */
export function png(width: number, height: number): Buffer {
  const header = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0]);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  const rows = (width + 1) * height < 1e6 ? Buffer.alloc((width + 1) * height, 90) : Buffer.alloc(0);
  for (let row = 0; row * (width + 1) < rows.length; row++) rows[row * (width + 1)] = 0;
  return pngOf(header, deflateSync(rows));
}

/** A PNG of a header's 13 bytes and its rows, deflated. */
export function pngOf(header: Buffer, rows: Buffer): Buffer {
  const chunk = (kind: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(kind, 'latin1'), data]);
    const whole = Buffer.alloc(body.length + 8);
    whole.writeUInt32BE(data.length, 0);
    body.copy(whole, 4);
    whole.writeUInt32BE(crc32(body), body.length + 4);
    return whole;
  };
  const chunks = [chunk('IHDR', header), chunk('IDAT', rows), chunk('IEND', Buffer.alloc(0))];
  return Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), ...chunks]);
}

/** Cuts a file to a part of its length. */
export async function cut(path: string, part: number): Promise<void> {
  await truncate(path, Math.floor((await readFile(path)).length * part));
}

/** Overwrites the first bytes of the first member of a shard; the shard's headers stay whole. Returns the member's name. */
export async function damageMember(shard: string): Promise<string> {
  const file = await open(shard, 'r+');
  try {
    const { buffer } = await file.read(Buffer.alloc(512), 0, 512, 0);
    await file.write(Buffer.alloc(64, 'x'), 0, 64, 512);
    return buffer.toString('latin1', 0, buffer.indexOf(0));
  } finally {
    await file.close();
  }
}

/** Puts something else in a file's place. */
export const replaceBy = {
  async folder(path: string): Promise<void> {
    await rm(path);
    await mkdir(path);
  },
  async fifo(path: string): Promise<void> {
    await rm(path, { force: true });
    execFileSync('mkfifo', [path]);
  },
  async link(path: string, target: string): Promise<void> {
    await rm(path, { force: true });
    await symlink(target, path);
  },
  async html(path: string): Promise<void> {
    await writeFile(path, '<!DOCTYPE html><title>404 Not Found</title>\n');
  },
};
