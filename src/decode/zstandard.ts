import { Decompress } from 'fzstd';

const magic = 0xfd2fb528;
const magicBytes = [0x28, 0xb5, 0x2f, 0xfd];
/** The most of a frame's past that libzstd keeps without being asked to, and the largest block that there is. */
const [mostWindow, mostBlock] = [2 ** 27 + 1, 2 ** 17];
const [rle, reserved] = [1, 3];

/**
 * Decodes a frame of Zstandard as libtiff has libzstd do it: what comes behind the bytes that are asked for does not count, nor do checksums.
 *
 * Source: libzstd 1.5.4 zstd_decompress.c; libtiff 4.5.0 tif_zstd.c.
 *
 * @param check runs now and then.
 * @returns `length` bytes; null where libtiff reports an error.
 */
export function decodeZstandard(bytes: Buffer, length: number, check: () => void): Buffer | null {
  const frame = readFrame(bytes);
  if (frame === null) return null;
  const out = Buffer.alloc(length);
  let to = 0;
  const stream = new Decompress((block) => {
    const count = Math.min(block.length, length - to);
    out.set(block.subarray(0, count), to);
    to += count;
  });
  // What is copied from lies among the bytes that are asked for, so that no more of the past need be kept.
  stream.push(Buffer.of(...magicBytes, 0, (Math.log2(windowOf(bytes, length)) - 10) << 3));
  let from = frame.blocks;
  for (let at = frame.blocks, isLast = false; to < length && !isLast; from = at) {
    check();
    if (at + 3 > bytes.length) return null;
    const head = bytes.readUIntLE(at, 3);
    const [kind, size] = [(head >> 1) & 3, head >> 3];
    isLast = (head & 1) === 1;
    at += 3 + (kind === rle ? 1 : size);
    if (kind === reserved || size > Math.min(mostBlock, frame.window) || at > bytes.length) return null;
    try {
      stream.push(bytes.subarray(from, at), isLast);
    } catch {
      // It would have a checksum behind the last block.
      return isLast && to >= length ? out : null;
    }
  }
  return to < length ? null : out;
}

/**
 * Bytes of the past that are kept while `length` bytes of a frame are decoded; 0 where there is no frame that libzstd decodes without
 * being told more.
 */
export function windowOf(bytes: Buffer, length: number): number {
  const window = readFrame(bytes)?.window;
  return window === undefined ? 0 : 2 ** Math.ceil(Math.log2(Math.max(mostBlock, Math.min(window, length))));
}

function readFrame(bytes: Buffer): { readonly window: number; readonly blocks: number } | null {
  if (bytes.length < 6 || bytes.readUInt32LE(0) !== magic) return null;
  const flags = bytes[4]!;
  const isSingle = (flags & 32) !== 0;
  // A dictionary nobody has.
  if ((flags & 8) !== 0 || (flags & 3) !== 0) return null;
  const at = isSingle ? 5 : 6;
  const width = flags >= 64 ? 2 ** (flags >> 6) : isSingle ? 1 : 0;
  if (at + width > bytes.length) return null;
  const window = isSingle ? sizeAt(bytes, at, width) : (1 + (bytes[5]! & 7) / 8) * 2 ** (10 + (bytes[5]! >> 3));
  return window > mostWindow ? null : { window, blocks: at + width };
}

function sizeAt(bytes: Buffer, at: number, width: number): number {
  if (width === 8) return Number(bytes.readBigUInt64LE(at));
  return bytes.readUIntLE(at, width) + (width === 2 ? 256 : 0);
}
