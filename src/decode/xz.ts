import { crc32 } from 'node:zlib';
import { type Dictionary, damaged, decodeLzma, LzmaState, RangeDecoder } from './lzma.js';

const magic = Buffer.from('fd377a585a00', 'hex');
const [deltaFilter, lzma2Filter] = [3, 0x21];

/**
 * Decodes the first block of an .xz stream, of LZMA2 with or without differences between bytes, as libtiff has liblzma do it: what comes
 * behind the bytes that are asked for does not count, nor does a damage before which all of them were out.
 *
 * Source: liblzma 5.4.1 stream_decoder.c, block_header_decoder.c, lzma2_decoder.c, delta_decoder.c; libtiff 4.5.0 tif_lzma.c.
 *
 * @param check runs now and then.
 * @returns `length` bytes; null where libtiff reports an error.
 */
export function decodeXz(bytes: Buffer, length: number, check: () => void): Buffer | null {
  const block = readBlock(bytes);
  if (block === null) return null;
  const out = Buffer.alloc(length);
  const to: Dictionary = { out, at: 0, start: 0, size: block.dictionary };
  try {
    decodeChunks(bytes, block.at, to, check);
  } catch (error) {
    if (error !== damaged) throw error;
  }
  if (to.at < length) return null;
  for (let i = block.delta; block.delta > 0 && i < length; i++) out[i] = out[i]! + out[i - block.delta]!;
  return out;
}

interface Block {
  /** Where its chunks begin. */
  readonly at: number;
  readonly dictionary: number;
  /** How far back the byte lies to which each is the difference; 0 for none. */
  readonly delta: number;
}

function readBlock(bytes: Buffer): Block | null {
  if (bytes.length < 13 || !bytes.subarray(0, 6).equals(magic)) return null;
  if (bytes[6] !== 0 || bytes[7]! > 15 || crc32(bytes.subarray(6, 8)) !== bytes.readUInt32LE(8)) return null;
  const end = 12 + (bytes[12]! + 1) * 4;
  // No size is that of the index, behind the last block.
  if (bytes[12] === 0 || end > bytes.length) return null;
  if (crc32(bytes.subarray(12, end - 4)) !== bytes.readUInt32LE(end - 4)) return null;
  const head = bytes.subarray(14, end - 4);
  const flags = bytes[13]!;
  let at = 0;
  const number = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = head[at++] ?? 0;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  if ((flags & 0x3c) !== 0) return null;
  for (const flag of [0x40, 0x80]) if ((flags & flag) !== 0) number();
  const filters = Array.from({ length: (flags & 3) + 1 }, () => {
    const [id, size] = [number(), number()];
    at += size;
    return { id, isShort: size === 1, value: head[at - 1] ?? 0 };
  });
  const last = filters.pop()!;
  const delta = filters[0];
  if (filters.length > 1 || (delta !== undefined && (delta.id !== deltaFilter || !delta.isShort))) return null;
  if (last.id !== lzma2Filter || !last.isShort || last.value > 40) return null;
  if (head.subarray(at).some((byte) => byte !== 0)) return null;
  const dictionary = last.value === 40 ? 2 ** 32 - 1 : (2 + (last.value & 1)) * 2 ** (11 + (last.value >> 1));
  return { at: end, dictionary, delta: delta === undefined ? 0 : delta.value + 1 };
}

/** Chunks of LZMA, or of bytes as they are, of 2 MiB at the most. */
function decodeChunks(input: Buffer, from: number, to: Dictionary, check: () => void): void {
  let at = from;
  let lzma: LzmaState | null = null;
  let needsDictionary = true;
  const take = (): number => {
    if (at >= input.length) throw damaged;
    return input[at++]!;
  };
  const { out } = to;
  while (to.at < out.length) {
    check();
    const control = take();
    if (control >= 0xe0 || control === 1) {
      to.start = to.at;
      lzma = null;
    } else if (control === 0 || needsDictionary) throw damaged;
    needsDictionary = false;
    if (control < 0x80) {
      if (control > 2) throw damaged;
      const size = take() * 256 + take() + 1;
      const count = Math.min(size, out.length - to.at, input.length - at);
      input.copy(out, to.at, at, at + count);
      to.at += count;
      at += count;
      if (count < size) throw damaged;
      continue;
    }
    const size = (control & 31) * 65536 + take() * 256 + take() + 1;
    const packed = take() * 256 + take() + 1;
    if (control >= 0xc0) lzma = new LzmaState(take());
    else if (lzma === null) throw damaged;
    else if (control >= 0xa0) lzma = new LzmaState(lzma.properties);
    const range = new RangeDecoder(input, at);
    decodeLzma(range, lzma, to, to.at + size);
    at += packed;
    if (range.at !== at) throw damaged;
  }
}
