import { decodeBaselineJpeg } from './baseline-jpeg.js';
import type { Format, Header } from './header.js';
import { type JpegTables, readTables } from './jpeg-tables.js';

const startOfScan = 0xda;
const endOfImage = Buffer.from([0xff, 0xd9]);

/** JPEG: baseline, progressive, grey and CMYK. The size is that of the first frame header, as libjpeg finds it. */
export const jpeg: Format = {
  name: 'jpeg',
  loader: 'VipsForeignLoadJpegBuffer',
  matches: (bytes) => bytes.length > 3 && bytes.readUIntBE(0, 3) === 0xffd8ff,
  read(bytes) {
    const tables = readTables(bytes);
    if (tables !== null) return headerOf(tables, bytes);
    let at = 2;
    let frame: { width: number; height: number; components: number } | null = null;
    while (at + 4 <= bytes.length) {
      // libjpeg skips anything before a marker, and any number of fill bytes.
      while (at < bytes.length && bytes[at] !== 0xff) at++;
      while (at < bytes.length && bytes[at] === 0xff) at++;
      const marker = bytes[at++];
      if (marker === undefined || at + 2 > bytes.length) return null;
      if (standsAlone(marker)) continue;
      if (marker === 0xd9) return null;
      const end = at + bytes.readUInt16BE(at);
      if (startsFrame(marker)) {
        if (at + 8 > bytes.length) return null;
        frame = { height: bytes.readUInt16BE(at + 3), width: bytes.readUInt16BE(at + 5), components: bytes[at + 7]! };
      }
      if (marker === startOfScan) return frame === null ? null : header(frame, bytes.lastIndexOf(endOfImage) > at);
      at = end;
    }
    return null;
  },
};

/** Of nearly all files: what finds the tables has found all else on its way. */
function headerOf(tables: JpegTables, bytes: Buffer): Header | null {
  const found = header(
    { ...tables, components: tables.components.length },
    bytes.lastIndexOf(endOfImage) >= tables.scan,
  );
  return found && { ...found, decode: (same, box, limits) => decodeBaselineJpeg(same, tables, box, limits) };
}

function header(
  { width, height, components }: { width: number; height: number; components: number },
  complete: boolean,
): Header | null {
  if (width === 0 || height === 0) return null;
  return { width, height, complete, isCmyk: components === 4 };
}

/** Markers without a length: TEM, RST0 to RST7, SOI, and a stuffed zero. */
function standsAlone(marker: number): boolean {
  return marker <= 0x01 || (marker >= 0xd0 && marker <= 0xd8);
}

/** SOF0 to SOF15, among which DHT, JPG and DAC lie. */
function startsFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}
