import type { ImageSize } from './crop.js';
import { isBrokenExif, readDirectory } from './exif.js';

const [startOfScan, adobe, comment] = [0xda, 0xee, 0xfe];
const [numberOfImages, imageEntries] = [0xb001, 0xb002];

/**
 * Reads the segments of a JPEG up to its first scan as Pillow does before it asks libjpeg: what its Python code trips over is
 * no image, whatever libjpeg would say.
 *
 * Source: Pillow 9.4 JpegImagePlugin.py, `_open` and the handlers of its markers.
 *
 * @returns null where Pillow refuses the file.
 */
export function openJpeg(file: Buffer): (ImageSize & { readonly components: number }) | null {
  let frame: (ImageSize & { components: number }) | null = null;
  let hasDensity = false;
  let exif: Buffer | null = null;
  let pictures: Buffer | null = null;
  let profiles: Buffer[] = [];
  // The first byte of the start of image has been read as one that may begin a marker.
  let at = 2;
  for (;;) {
    const found = file.indexOf(0xff, at);
    if (found < 0 || found + 1 >= file.length) return null;
    const marker = file[found + 1]!;
    at = found + 1;
    // Fill bytes, and zeros after them.
    if (marker === 0xff) continue;
    at++;
    if (marker === 0x00 || standsAlone(marker)) continue;
    if (marker < 0xc0) return null;
    if (at + 2 > file.length) return null;
    const end = Math.max(at + 2, at + file.readUInt16BE(at));
    if (end > file.length) return null;
    const segment = file.subarray(at + 2, end);
    at = end;
    if (marker === startOfScan) break;
    if (startsFrame(marker)) {
      frame = frameOf(segment);
      if (frame === null || profiles.some((profile) => profile.length < 14)) return null;
      profiles = [];
    } else if (marker === 0xdb && !areQuants(segment)) return null;
    else if (marker >= 0xe0 && marker < 0xf0) {
      if (startsWith(segment, 'JFIF') && marker === 0xe0) {
        if (segment.length < 7) return null;
        hasDensity ||= segment.length >= 12 && segment[7] === 1;
      } else if (marker === 0xe1 && startsWith(segment, 'Exif\0')) exif ??= segment;
      else if (marker === 0xe2 && startsWith(segment, 'ICC_PROFILE\0')) profiles.push(segment);
      else if (marker === 0xe2 && startsWith(segment, 'MPF\0')) pictures = segment.subarray(4);
      else if (marker === 0xed && startsWith(segment, 'Photoshop 3.0\0') && !areResources(segment)) return null;
      else if (marker === adobe && startsWith(segment, 'Adobe') && segment.length < 7) return null;
      if (!hasDensity && exif !== null) {
        if (isBrokenExif(exif)) return null;
        hasDensity = true;
      }
    }
  }
  return pictures !== null && isBrokenIndex(pictures) ? null : frame;
}

const startsWith = (segment: Buffer, start: string) => segment.toString('latin1', 0, start.length) === start;

/** JPG, RST0 to EOI, and JPG0 to JPG13: Pillow reads no length after them. */
function standsAlone(marker: number): boolean {
  return marker === 0xc8 || (marker >= 0xd0 && marker <= 0xd9) || (marker >= 0xf0 && marker < comment);
}

/** SOF0 to SOF15, and DHP, which Pillow takes for one. */
function startsFrame(marker: number): boolean {
  return marker === 0xde || (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc);
}

function frameOf(segment: Buffer): (ImageSize & { components: number }) | null {
  if (segment.length < 6 || segment[0] !== 8 || segment.length % 3 !== 0) return null;
  const components = segment[5]!;
  const [height, width] = [segment.readUInt16BE(1), segment.readUInt16BE(3)];
  if (![1, 3, 4].includes(components) || width === 0 || height === 0) return null;
  return { width, height, components };
}

function areQuants(segment: Buffer): boolean {
  for (let at = 0; at < segment.length; ) {
    at += 1 + (segment[at]! >> 4 === 0 ? 64 : 128);
    if (at > segment.length) return false;
  }
  return true;
}

/** Whether Photoshop's resources end as Pillow can bear it: anywhere but before the length of a name. */
function areResources(segment: Buffer): boolean {
  for (let at = 14; segment.toString('latin1', at, at + 4) === '8BIM'; ) {
    at += 6;
    if (at > segment.length) return true;
    if (at === segment.length) return false;
    at += 1 + segment[at]!;
    at += at & 1;
    if (at + 4 > segment.length) return true;
    const size = segment.readUInt32BE(at);
    at += 4 + size;
    at += at & 1;
  }
  return true;
}

/** Whether an index of several pictures names more than it describes. Pillow does without one that it cannot read at all. */
function isBrokenIndex(index: Buffer): boolean {
  if (index.length < 8) return false;
  const isLittle = index.toString('latin1', 0, 2) === 'II';
  const { entries } = readDirectory(index, isLittle ? index.readUInt32LE(4) : index.readUInt32BE(4), isLittle);
  const count = entries.get(numberOfImages);
  const described = entries.get(imageEntries);
  if (count === undefined || described === undefined || count.type !== 4 || count.data.length !== 4) return false;
  const images = isLittle ? count.data.readUInt32LE(0) : count.data.readUInt32BE(0);
  return described.type === 7 && images * 16 > described.data.length;
}
