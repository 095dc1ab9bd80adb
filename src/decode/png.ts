import { crc32 } from 'node:zlib';
import type { Format } from './header.js';

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** PNG: every colour type and depth, plain or interlaced. The size is IHDR's. */
export const png: Format = {
  name: 'png',
  loader: 'VipsForeignLoadPngBuffer',
  matches: (bytes) => bytes.length >= 8 && bytes.compare(signature, 0, 8, 0, 8) === 0,
  read(bytes) {
    if (bytes.length < 33 || bytes.toString('latin1', 12, 16) !== 'IHDR') return null;
    const width = bytes.readUInt32BE(16);
    const height = bytes.readUInt32BE(20);
    if (width === 0 || height === 0) return null;
    return { width, height, complete: isWhole(bytes), isCmyk: false };
  },
};

/** Whether every chunk up to IEND has its checksum: then rows that no box asks for are known to be sound too. */
function isWhole(bytes: Buffer): boolean {
  let at = 8;
  while (at + 12 <= bytes.length) {
    const end = at + 8 + bytes.readUInt32BE(at);
    if (end + 4 > bytes.length || crc32(bytes.subarray(at + 4, end)) !== bytes.readUInt32BE(end)) return false;
    if (bytes.toString('latin1', at + 4, at + 8) === 'IEND') return true;
    at = end + 4;
  }
  return false;
}
