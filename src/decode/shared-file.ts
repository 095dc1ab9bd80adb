import { randomUUID } from 'node:crypto';
import { ftruncateSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';

/** Bytes that a file in memory keeps for what comes next. */
const bytesKept = 8 * 1024 * 1024;

/** Opens a file in memory without a name, which a child may be given; null where there is no room for one. */
export function openShared(): number | null {
  const path = `/dev/shm/tributary-${randomUUID()}`;
  try {
    const file = openSync(path, 'wx+', 0o600);
    unlinkSync(path);
    return file;
  } catch {
    return null;
  }
}

/**
 * Writes bytes to the start of such a file, and says whether they found room: through a pipe they would go in many pieces,
 * and wake the other side for each.
 */
export function putShared(file: number | null, bytes: Uint8Array): boolean {
  if (file === null) return false;
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at, bytes.length - at, at);
    return true;
  } catch {
    ftruncateSync(file, 0);
    return false;
  }
}

/** Fills `into` from the start of such a file, which keeps no more than is soon used again. */
export function takeShared(file: number, into: Uint8Array): void {
  for (let at = 0; at < into.length; ) at += readSync(file, into, at, into.length - at, at);
  if (into.length > bytesKept) ftruncateSync(file, 0);
}
