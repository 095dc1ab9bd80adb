import {
  type Bytes,
  byte,
  checkHuffman,
  type Frame,
  JpegEnd,
  JpegError,
  pillowChunk,
  readConditioning,
  readFrame,
  readHuffmans,
  readQuants,
  readRestartInterval,
  readScan,
  type Scan,
  skipSegment,
  type Tables,
} from './jpeg-segments.js';
import { type Component, mostAcross } from './jpeg-tables.js';
import { holdsSegment } from './open-scan.js';

/** What libjpeg makes of a file, as Pillow drives it. */
export type JpegWalk =
  | {
      readonly frame: Frame;
      /** Blocks of 64 coefficients that all scans go through together: what decoding costs. */
      readonly blocks: number;
      /** Blocks that the image has, and scans that go through some of them. */
      readonly frameBlocks: number;
      readonly scans: number;
      /** The scans of a progressive file in Huffman codes, and the factors of each component; absent for others. */
      readonly progression?: Progression;
    }
  | { readonly refused: string };

/** A scan of a progressive file, with the tables that stood when it began. */
export interface Pass extends Scan {
  /** Where its entropy-coded bytes begin. */
  readonly at: number;
  readonly restartInterval: number;
  /** Slots of the DC and the AC table of each component. */
  readonly slots: readonly (readonly [dc: number, ac: number])[];
  readonly dc: ReadonlyMap<number, Buffer>;
  readonly ac: ReadonlyMap<number, Buffer>;
}

/** What a progressive file's coefficients are made of. */
export interface Progression {
  readonly passes: readonly Pass[];
  /** Factors in zigzag order, of each component of the frame that a scan has. */
  readonly quants: ReadonlyMap<Component, Uint16Array>;
}

/** Where the walk stands: a marker that was found and not yet read is `unread`, else 0. */
export interface Walk extends Bytes {
  unread: number;
  readonly tables: Tables;
}

const [startOfImage, endOfImage, startOfScan, firstRestart] = [0xd8, 0xd9, 0xda, 0xd0];

/**
 * Follows a JPEG marker by marker to its end, as libjpeg-turbo does for Pillow, and says whether it comes through.
 *
 * No code of a scan is read that a marker closes, since none changes the verdict: libjpeg puts up with any. Its reader stops at
 * every marker, and finds the same next one however far the codes have come; where a restart is due, markers alone decide too.
 *
 * Source: libjpeg-turbo 2.1.5 jdmarker.c, jdinput.c, jdphuff.c, jdarith.c; Pillow 9.4 JpegDecode.c.
 *
 * @param check runs now and then where codes are read.
 */
export function walkJpeg(file: Buffer, check: () => void): JpegWalk {
  const walk: Walk = { file, at: 0, unread: 0, tables: noTables() };
  try {
    const scan = readHeaders(walk);
    const frame = walk.tables.frame!;
    checkFrame(frame);
    if (scan.components.length < frame.components.length || frame.isProgressive) return walkScans(walk, frame, scan);
    walkOnlyScan(walk, frame, scan, check);
    const blocks = blocksOf(frame, scan);
    return { frame, blocks, frameBlocks: blocks, scans: 1 };
  } catch (error) {
    if (error instanceof JpegEnd) return { refused: 'ends too early' };
    if (error instanceof JpegError) return { refused: error.message };
    throw error;
  }
}

/**
 * Whether the markers behind the only scan of a file let libjpeg finish: `at` is where the marker that closes it begins.
 * Nothing but a second image, an unknown marker or a broken table is in its way; the file may end anywhere.
 */
export function endsWell(file: Buffer, at: number): boolean {
  if (file[at + 1] === endOfImage) return true;
  return finish({ file, at, unread: 0, tables: { ...noTables(), frame: anyFrame } }) === null;
}

/** Each coefficient of each component, bit by bit, takes fewer. */
const mostScans = 4096;

const anyFrame: Frame = {
  width: 1,
  height: 1,
  precision: 8,
  components: [],
  isProgressive: false,
  isArithmetic: false,
};

function noTables(): Tables {
  return { frame: null, restartInterval: 0, quants: new Map(), dc: new Map(), ac: new Map() };
}

/** `jpeg_read_header`: up to the first scan, over streams that hold tables alone. */
function readHeaders(walk: Walk): Scan {
  for (;;) {
    if (byte(walk) !== 0xff || byte(walk) !== startOfImage) throw new JpegError('no start of an image');
    walk.tables.restartInterval = 0;
    const scan = readMarkers(walk);
    if (scan !== null) return scan;
    if (walk.tables.frame !== null) throw new JpegError('an end before the first scan');
  }
}

/** `read_markers`: the next scan header, or null at the end of the image. */
function readMarkers(walk: Walk): Scan | null {
  const { tables } = walk;
  for (;;) {
    if (walk.unread === 0) walk.unread = nextMarker(walk);
    const marker = walk.unread;
    // Where the file ends inside a segment the marker stays unread, and the verdict is that of an end.
    if (marker === endOfImage || marker === startOfScan) {
      const scan = marker === startOfScan ? readScan(walk, tables) : null;
      walk.unread = 0;
      return scan;
    }
    if (marker === 0xc0 || marker === 0xc1) readFrame(walk, tables, false, false);
    else if (marker === 0xc2) readFrame(walk, tables, true, false);
    else if (marker === 0xc9) readFrame(walk, tables, false, true);
    else if (marker === 0xca) readFrame(walk, tables, true, true);
    else if (marker === 0xc4) readHuffmans(walk, tables);
    else if (marker === 0xcc) readConditioning(walk);
    else if (marker === 0xdb) readQuants(walk, tables);
    else if (marker === 0xdd) readRestartInterval(walk, tables);
    else if (marker === 0xdc || (marker >= 0xe0 && marker <= 0xef) || marker === 0xfe) skipSegment(walk);
    else if (!isRestart(marker) && marker !== 0x01)
      throw new JpegError(`a marker ff${marker.toString(16).padStart(2, '0')}`);
    walk.unread = 0;
  }
}

/** `next_marker`: the next that is no stuffed zero, over whatever lies before it. */
export function nextMarker(walk: Omit<Walk, 'tables'>): number {
  for (;;) {
    const found = walk.file.indexOf(0xff, walk.at);
    if (found < 0) throw new JpegEnd();
    walk.at = found + 1;
    let marker = 0xff;
    while (marker === 0xff) marker = byte(walk);
    if (marker !== 0) return marker;
  }
}

const isRestart = (marker: number) => marker >= firstRestart && marker <= 0xd7;

/** `initial_setup` and `master_selection`. */
function checkFrame({ width, height, precision, components }: Frame): void {
  if (width > mostAcross || height > mostAcross) throw new JpegError('an image of too many pixels a side');
  if (precision !== 8) throw new JpegError(`samples of ${precision} bits`);
  if (components.some(({ across, down }) => across < 1 || across > 4 || down < 1 || down > 4))
    throw new JpegError('sampling factors that are none');
  const [mostH, mostV] = densest(components);
  if (components.some(({ across, down }) => mostH % across !== 0 || mostV % down !== 0))
    throw new JpegError('sampling factors that are no divisors');
}

export function densest(components: Frame['components']): [number, number] {
  return [Math.max(...components.map(({ across }) => across)), Math.max(...components.map(({ down }) => down))];
}

/** MCUs of a scan, and blocks in each. */
function mcusOf({ width, height, components: all }: Frame, { components }: Scan): { mcus: number; blocks: number } {
  const [mostH, mostV] = densest(all);
  const [only] = components;
  if (components.length > 1) {
    const blocks = components.reduce((sum, { across, down }) => sum + across * down, 0);
    return { mcus: Math.ceil(width / (8 * mostH)) * Math.ceil(height / (8 * mostV)), blocks };
  }
  const across = Math.ceil((width * only!.across) / (8 * mostH));
  return { mcus: across * Math.ceil((height * only!.down) / (8 * mostV)), blocks: 1 };
}

function blocksOf(frame: Frame, scan: Scan): number {
  const { mcus, blocks } = mcusOf(frame, scan);
  return mcus * blocks;
}

/** `start_input_pass`, with the entropy decoders' `start_pass`. `known` are components whose factors are at hand. */
function startScan({ tables }: Walk, frame: Frame, scan: Scan, known: Map<Component, Uint16Array>): void {
  const { components, first, last, high, low } = scan;
  if (components.length > 1 && mcusOf(frame, scan).blocks > 10) throw new JpegError('MCUs of more than ten blocks');
  for (const component of components) {
    if (known.has(component)) continue;
    const factors = tables.quants.get(component.quant);
    if (factors === undefined) throw new JpegError('a scan whose quantisation table is missing');
    known.set(component, factors);
  }
  if (frame.isProgressive) {
    const isBand = first === 0 ? last === 0 : first <= last && last < 64 && components.length === 1;
    if (!isBand || (high !== 0 && low !== high - 1) || low > 13) throw new JpegError('a progressive scan of no band');
  }
  // Arithmetic coding knows 16 slots, and all of them are filled.
  if (frame.isArithmetic) return;
  for (const { dc, ac } of components) {
    if (!frame.isProgressive || (first === 0 && high === 0)) checkHuffman(tables.dc.get(dc), true);
    if (!frame.isProgressive || first > 0) checkHuffman(tables.ac.get(ac), false);
  }
}

/** Steps over a scan's entropy-coded bytes. Throws JpegEnd where a restart is looked for and the file is at its end. */
function passScan(walk: Walk, frame: Frame, scan: Scan): void {
  const { restartInterval } = walk.tables;
  const start = walk.at;
  const restarts = restartInterval === 0 ? 0 : Math.ceil(mcusOf(frame, scan).mcus / restartInterval) - 1;
  for (let i = 0; i < restarts; i++) {
    if (walk.unread === 0) walk.unread = nextMarker(walk);
    // Neither this restart nor any after it gets past a marker that is none.
    if (walk.unread >= 0xc0 && !isRestart(walk.unread)) break;
    resynchronise(walk, i & 7);
  }
  if (!frame.isArithmetic) return;
  // The arithmetic decoder cannot wait for more bytes than Pillow has read by then.
  if (walk.unread === 0) walk.unread = nextMarker(walk);
  if (walk.at > Math.ceil(start / pillowChunk) * pillowChunk) throw new JpegError('an arithmetic scan across 64 kB');
}

/** `read_restart_marker` and `jpeg_resync_to_restart`. */
export function resynchronise(walk: Omit<Walk, 'tables'>, desired: number): void {
  for (;;) {
    const marker = walk.unread;
    if (marker >= 0xc0 && !isRestart(marker)) return;
    const ahead = marker < 0xc0 ? 7 : (marker - firstRestart - desired) & 7;
    if (ahead === 1 || ahead === 2) return;
    if (ahead < 6) {
      walk.unread = 0;
      return;
    }
    walk.unread = nextMarker(walk);
  }
}

/** A file of one scan that holds all. Where no marker closes it, its codes say whether the file has all of them. */
function walkOnlyScan(walk: Walk, frame: Frame, scan: Scan, check: () => void): void {
  if (!frame.isArithmetic && !frame.isProgressive) useStandardTables(walk.tables);
  startScan(walk, frame, scan, new Map());
  passScan(walk, frame, scan);
  const start = walk.at;
  try {
    if (walk.unread === 0) walk.unread = nextMarker(walk);
  } catch (error) {
    const interval = walk.tables.restartInterval;
    const { mcus } = mcusOf(frame, scan);
    const last = interval === 0 ? mcus : mcus - interval * (Math.ceil(mcus / interval) - 1);
    if (holdsSegment(walk.file, start, last, scan.components, walk.tables, interval === 0, check)) return;
    throw error;
  }
  const refused = finish(walk);
  if (refused !== null) throw refused;
}

/** `jpeg_finish_decompress`, which Pillow lets fail for want of bytes. */
function finish(walk: Walk): JpegError | null {
  try {
    return readMarkers(walk) === null ? null : new JpegError('a second scan');
  } catch (error) {
    if (error instanceof JpegEnd) return null;
    if (error instanceof JpegError) return error;
    throw error;
  }
}

/** A file of several scans, which libjpeg reads to the end of the image before it gives a row. */
function walkScans(walk: Walk, frame: Frame, first: Scan): JpegWalk {
  if (!frame.isArithmetic && !frame.isProgressive) useStandardTables(walk.tables);
  const known = new Map<Component, Uint16Array>();
  const passes: Pass[] = [];
  let [blocks, scans] = [0, 0];
  for (let scan: Scan | null = first; scan !== null; scan = readMarkers(walk)) {
    startScan(walk, frame, scan, known);
    if (frame.isProgressive && !frame.isArithmetic) passes.push(passOf(walk, scan));
    passScan(walk, frame, scan);
    blocks += blocksOf(frame, scan);
    if (++scans <= mostScans) continue;
    // All of them would take more memory than they are worth.
    blocks = Number.POSITIVE_INFINITY;
    break;
  }
  const whole = { ...first, components: frame.components };
  // A scan of one component has no blocks beyond the image's edge, which the whole has.
  const found = { frame, blocks, frameBlocks: blocksOf(frame, whole), scans: Math.max(2, scans) };
  return passes.length === 0 ? found : { ...found, progression: { passes, quants: known } };
}

/** Scan and tables as they are now: the next scan changes them. */
function passOf({ at, tables: { dc, ac, restartInterval } }: Walk, scan: Scan): Pass {
  return {
    ...scan,
    slots: scan.components.map((each) => [each.dc, each.ac] as const),
    at,
    restartInterval,
    dc: new Map(dc),
    ac: new Map(ac),
  };
}

/** `std_huff_tables`: the tables of the standard stand where a file has none. Their codes are sound. */
function useStandardTables({ dc, ac }: Tables): void {
  for (const tables of [dc, ac]) for (const slot of [0, 1]) if (!tables.has(slot)) tables.set(slot, Buffer.alloc(16));
}
