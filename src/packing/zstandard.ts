import { decodeBlock, type FrameState, frameState, mostBlock } from './zstandard-block.js';
import { damaged } from './zstandard-tables.js';

const magic = 0xfd2fb528;
/** The most of a frame's past that libzstd keeps without being asked to. */
const mostWindow = 2 ** 27 + 1;
/** What a byte can stand for at most: four are a block that is one byte again and again. */
const mostOfByte = mostBlock / 4;
const [raw, rle, reserved] = [0, 1, 3];

/**
 * Decodes a frame of Zstandard as libtiff has libzstd do it: what comes behind the bytes that are asked for does not count, nor do checksums.
 *
 * Source: libzstd 1.5.4 zstd_decompress.c; libtiff 4.5.0 tif_zstd.c.
 *
 * @param check runs before each block, which gives 128 KiB at most.
 * @returns `length` bytes; null where libtiff reports an error.
 */
export function decodeZstandard(bytes: Buffer, length: number, check: () => void): Buffer | null {
  const frame = readFrame(bytes, 0);
  if (frame === null || frame.window > mostWindow) return null;
  const out = { bytes: Buffer.allocUnsafeSlow(length + frame.most), end: 0 };
  try {
    decodeFrame(bytes, frame, out, length, check);
  } catch (error) {
    if (error !== damaged) throw error;
    return null;
  }
  return out.end < length ? null : out.bytes.subarray(0, length);
}

/**
 * All that frames of Zstandard hold that follow one another, but for those which are to be skipped. Checksums do not count.
 *
 * @throws Error where it is none, or holds more than `most` bytes.
 */
export function unpackZstandard(bytes: Uint8Array, most: number): Buffer {
  const packed = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const out = { bytes: Buffer.allocUnsafeSlow(0), end: 0 };
  for (let at = 0; at < packed.length; ) {
    if (at + 8 <= packed.length && packed.readUInt32LE(at) >>> 4 === 0x184d2a5) {
      at += 8 + packed.readUInt32LE(at + 4);
      if (at > packed.length) throw damaged;
      continue;
    }
    const frame = readFrame(packed, at);
    if (frame === null) throw damaged;
    if (at === 0) {
      const room = Math.min(most, frame.size ?? 4 * packed.length, mostOfByte * packed.length);
      out.bytes = Buffer.allocUnsafeSlow(room + frame.most);
    }
    at = decodeFrame(packed, frame, out, most, () => {});
    if (out.end > most) throw new Error(`more than ${most} bytes in Zstandard`);
    if (at > packed.length) throw damaged;
  }
  return out.bytes.subarray(0, out.end);
}

/**
 * Decodes blocks until `enough` is out, and the next one that gives anything too where that is it to the byte, as libzstd does.
 *
 * @param out grows where it has no room for a block.
 * @returns where the next frame starts; beyond the end of the bytes where they end before the frame does.
 * @throws damaged
 */
function decodeFrame(
  bytes: Buffer,
  { blocks, most, size: whole, hasChecksum }: Frame,
  out: { bytes: Buffer; end: number },
  enough: number,
  check: () => void,
): number {
  const state = frameState();
  const origin = out.end;
  let at = blocks;
  for (let isLast = false; !isLast && out.end <= enough; ) {
    if (at + 3 > bytes.length) return bytes.length + 1;
    check();
    const head = bytes.readUIntLE(at, 3);
    const [kind, size] = [(head >> 1) & 3, head >> 3];
    isLast = (head & 1) === 1;
    const start = at + 3;
    at = start + (kind === rle ? 1 : size);
    if (kind === reserved || size > most) throw damaged;
    if (kind !== raw && at > bytes.length) return at;
    if (out.end + most > out.bytes.length) {
      const more = Buffer.allocUnsafeSlow(2 * out.bytes.length + most);
      more.set(out.bytes.subarray(0, out.end));
      out.bytes = more;
    }
    out.end = putBlock(kind, bytes.subarray(start, at), size, out, origin, most, state);
    if (at > bytes.length) return at;
    if (whole !== null && (isLast ? out.end - origin !== whole : out.end - origin > whole && whole <= enough))
      throw damaged;
  }
  return at + (hasChecksum ? 4 : 0);
}

function putBlock(
  kind: number,
  block: Buffer,
  size: number,
  { bytes, end }: { readonly bytes: Buffer; readonly end: number },
  origin: number,
  most: number,
  state: FrameState,
): number {
  if (kind === rle) {
    bytes.fill(block[0]!, end, end + size);
    return end + size;
  }
  // One of no bytes is none.
  if (kind !== raw && size > 0) return origin + decodeBlock(block, bytes.subarray(origin), end - origin, most, state);
  bytes.set(block, end);
  return end + block.length;
}

interface Frame {
  readonly window: number;
  /** The most that a block may hold. */
  readonly most: number;
  /** All that the frame holds, where it says so. */
  readonly size: number | null;
  readonly hasChecksum: boolean;
  readonly blocks: number;
}

function readFrame(bytes: Buffer, start: number): Frame | null {
  if (bytes.length < start + 6 || bytes.readUInt32LE(start) !== magic) return null;
  const flags = bytes[start + 4]!;
  const isSingle = (flags & 32) !== 0;
  // A dictionary nobody has.
  if ((flags & 8) !== 0 || (flags & 3) !== 0) return null;
  const at = start + (isSingle ? 5 : 6);
  const width = flags >= 64 ? 2 ** (flags >> 6) : isSingle ? 1 : 0;
  if (at + width > bytes.length) return null;
  const size = width === 0 ? null : sizeAt(bytes, at, width);
  const log = bytes[start + 5]!;
  const window = isSingle ? size! : (1 + (log & 7) / 8) * 2 ** (10 + (log >> 3));
  const most = Math.min(window, mostBlock);
  return { window, most, size, hasChecksum: (flags & 4) !== 0, blocks: at + width };
}

function sizeAt(bytes: Buffer, at: number, width: number): number {
  if (width === 8) return Number(bytes.readBigUInt64LE(at));
  return bytes.readUIntLE(at, width) + (width === 2 ? 256 : 0);
}
