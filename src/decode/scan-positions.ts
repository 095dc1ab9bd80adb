import { crc32 } from 'node:zlib';

/**
 * Positions in a JPEG's scan as they are kept: the CRC-32 of what follows, the CRC-32 of the file that they are of, and for each position
 * how many bits it lies behind the one before, and by how much the DC coefficients of its components differ from those there. All 32 bits,
 * little-endian; bits and differences in groups of seven, lowest first, differences with their sign in the lowest bit.
 */
const headBytes = 8;

/** Words of a position in memory: its bit in the file, counted from the scan's first byte, and the DC coefficients of three components before it. */
export const positionWords = 4;

/** Writes positions down, of so many components. */
export function encodePositions(file: Uint8Array, positions: Uint32Array, components: number): Buffer {
  const most = 5 * (1 + components);
  const bytes = Buffer.allocUnsafe(headBytes + (positions.length / positionWords) * most);
  let at = headBytes;
  const put = (value: number): void => {
    let left = value >>> 0;
    for (; left > 127; left >>>= 7) bytes[at++] = left | 128;
    bytes[at++] = left;
  };
  for (let i = 0; i < positions.length; i += positionWords)
    for (let word = 0; word <= components; word++) {
      const difference = (positions[i + word]! - (positions[i + word - positionWords] ?? 0)) | 0;
      put(word === 0 ? difference : (difference << 1) ^ (difference >> 31));
    }
  bytes.writeUInt32LE(crc32(file), 4);
  bytes.writeUInt32LE(crc32(bytes.subarray(4, at)), 0);
  return Buffer.from(bytes.subarray(0, at));
}

/**
 * Reads positions into `into`, which holds as many as there must be.
 *
 * @param scanBits bits of the file from the scan's first byte on.
 * @returns false where the bytes are not what was written for this very file, or not so many positions.
 */
export function decodePositions(
  kept: Uint8Array,
  file: Uint8Array,
  into: Uint32Array,
  components: number,
  scanBits: number,
): boolean {
  if (kept.length < headBytes) return false;
  const view = new DataView(kept.buffer, kept.byteOffset, kept.length);
  if (view.getUint32(0, true) !== crc32(kept.subarray(4)) || view.getUint32(4, true) !== crc32(file)) return false;
  const before = [0, 0, 0, 0];
  let at = headBytes;
  for (let i = 0; i < into.length; i += positionWords)
    for (let word = 0; word <= components; word++) {
      let value = 0;
      let shift = 0;
      let byte = 128;
      for (; byte > 127 && shift < 35; shift += 7) {
        if (at >= kept.length) return false;
        byte = kept[at++]!;
        value |= (byte & 127) << shift;
      }
      if (byte > 127) return false;
      const next = word === 0 ? before[0]! + (value >>> 0) : (before[word]! + ((value >>> 1) ^ -(value & 1))) | 0;
      if (word === 0 && next >= scanBits) return false;
      before[word] = next;
      into[i + word] = next;
    }
  return at === kept.length;
}
