import { decodeBaselineJpeg } from './baseline-jpeg.js';
import { corruptSample } from './corrupt.js';
import type { Frame } from './jpeg-segments.js';
import {
  type Bytes,
  byte,
  JpegEnd,
  JpegError,
  readFrame,
  readHuffmans,
  readQuants,
  readScan,
  type Tables,
} from './jpeg-segments.js';
import type { Component } from './jpeg-tables.js';
import { readTables } from './jpeg-tables.js';
import type { Pass } from './jpeg-walk.js';
import { readCoefficients } from './progressive.js';
import { greyJpeg } from './rewrite-jpeg.js';
import type { TiffDirectory } from './tiff-directory.js';

const tags = { stream: 513, streamLength: 514, restartInterval: 515, quants: 519, dcs: 520, acs: 521 } as const;

/** Levels between two looks at the clock. */
const stretch = 1024 * 1024;

/** Levels of one component, of which there are as many as its blocks hold. */
export interface Levels {
  readonly data: Uint8Array;
  readonly width: number;
}

/** What an old JPEG in a TIFF says, and where the scan's bytes begin in `bytes`. */
interface OldJpeg {
  readonly frame: Frame;
  readonly pass: Pass;
  readonly quants: ReadonlyMap<number, Uint16Array>;
  readonly bytes: Buffer;
}

/**
 * The three components of an image in JPEG of the old style: a stream with a head, or strips without one, whose tables lie elsewhere in the file.
 *
 * Source: libtiff 4.5.0 tif_ojpeg.c.
 *
 * @param check runs between two rows of MCUs.
 * @returns the components, and how many columns and rows of the first share a level of the others.
 * @throws TributaryError SAMPLE_CORRUPT for a file that libtiff would not make out.
 */
export function decodeOldJpeg(
  file: Buffer,
  directory: TiffDirectory,
  seconds: number,
  check: () => void,
): { readonly planes: readonly Levels[]; readonly across: number; readonly down: number } {
  const { frame, pass, quants, bytes } = readOldJpeg(file, directory);
  const { planes } = readCoefficients(bytes, frame, [pass], check);
  const [first] = frame.components;
  return {
    across: first!.across,
    down: first!.down,
    planes: planes.map((plane) => {
      const factors = quants.get(plane.component.quant);
      if (factors === undefined) throw damaged('no quantisation table');
      const grey = greyJpeg(plane, factors);
      const size = { width: plane.across * 8, height: plane.down * 8 };
      const crop = grey && decodeBaselineJpeg(grey, readTables(grey)!, { top: 0, left: 0, ...size }, { seconds });
      if (crop === null) throw damaged('levels that no JPEG has');
      const data = new Uint8Array(size.width * size.height);
      for (let i = 0; i < data.length; i++) {
        if (i % stretch === 0) check();
        data[i] = crop.data[3 * i]!;
      }
      crop.give?.();
      return { data, width: size.width };
    }),
  };
}

const damaged = (why: string) =>
  corruptSample('data', `a TIFF file in JPEG of the old style that libtiff refuses: ${why}`);

function readOldJpeg(file: Buffer, directory: TiffDirectory): OldJpeg {
  const { width, height, offsets, lengths, rowsPerStrip, isTiled, tileWidth, tileHeight } = directory;
  const tables: Tables = { frame: null, restartInterval: 0, quants: new Map(), dc: new Map(), ac: new Map() };
  const rows = isTiled ? tileHeight : Math.min(rowsPerStrip, height);
  const wide = isTiled ? tileWidth : width;
  const start = directory.whole(tags.stream)[0] ?? 0;
  const length = directory.whole(tags.streamLength)[0] ?? 0;
  const stream = start === 0 ? [] : [file.subarray(start, length === 0 ? file.length : start + length)];
  const strips = offsets
    .map((offset, i) => (offset === 0 ? [] : file.subarray(offset, lengths[i] ? offset + lengths[i]! : file.length)))
    .filter((piece): piece is Buffer => piece.length > 0);
  // A head can go on from the stream into the strips.
  const from = { file: Buffer.concat([...stream, ...strips]), at: 0 };
  try {
    const components = readHead(from, tables);
    const whole = Buffer.concat([...joined(stream, strips, from.at), Buffer.of(0xff, 0xd9)]);
    const frame = tables.frame ?? makeFrame(file, directory, tables, wide, isTiled ? rows : height);
    const [luma] = frame.components;
    const isFit =
      frame.width >= width && frame.width <= wide && frame.height >= height && frame.components.length === 3;
    const isSampled = [luma!.across, luma!.down].every((each) => [1, 2, 4].includes(each));
    const areBare = frame.components.slice(1).every(({ across, down }) => across === 1 && down === 1);
    if (!isFit || frame.precision !== 8 || !isSampled || !areBare) throw damaged('a frame of another form');
    if (rows < height && tables.restartInterval === 0)
      tables.restartInterval = Math.ceil(wide / (8 * luma!.across)) * Math.floor(rows / (8 * luma!.down));
    const used = components ?? frame.components;
    const slots = used.map(({ dc, ac }) => [dc, ac] as const);
    if (slots.some(([dc, ac]) => !tables.dc.has(dc) || !tables.ac.has(ac))) throw damaged('no Huffman table');
    const { restartInterval, dc, ac, quants } = tables;
    const scan = { components: used, first: 0, last: 63, high: 0, low: 0 };
    // What lies below the image nobody asks for.
    return {
      frame: { ...frame, height },
      pass: { ...scan, at: 0, restartInterval, slots, dc, ac },
      quants,
      bytes: whole,
    };
  } catch (error) {
    if (error instanceof JpegError || error instanceof JpegEnd) throw damaged(error.message);
    throw error;
  }
}

/** What comes behind the head: strips one behind another, each but the last closed by a restart. */
function joined(stream: readonly Buffer[], strips: readonly Buffer[], head: number): Buffer[] {
  let [skipped, restarts] = [head, 0];
  return [...stream, ...strips].flatMap((piece, i) => {
    const rest = piece.subarray(Math.min(piece.length, skipped));
    skipped -= piece.length - rest.length;
    const isClosed = rest.length > 0 && i >= stream.length && i < stream.length + strips.length - 1;
    return isClosed ? [rest, Buffer.of(0xff, 0xd0 + (restarts++ & 7))] : [rest];
  });
}

/** Reads markers up to the scan's bytes. @returns the scan's components; undefined where there is no head. */
function readHead(from: Bytes, tables: Tables): readonly Component[] | undefined {
  for (;;) {
    if (from.at >= from.file.length || from.file[from.at] !== 0xff) return undefined;
    from.at++;
    let marker = 0xff;
    while (marker === 0xff) marker = byte(from);
    if (marker === 0xd8) continue;
    if (marker === 0xc0 || marker === 0xc1) readFrame(from, tables, false, false);
    else if (marker === 0xc4) readHuffmans(from, tables);
    else if (marker === 0xdb) readQuants(from, tables);
    else if (marker === 0xda) return readScan(from, tables).components;
    else {
      const isKnown = marker === 0xdd || marker === 0xfe || (marker >= 0xe0 && marker <= 0xef);
      if (!isKnown) throw new JpegError(`a marker ${marker.toString(16)}`);
      const length = byte(from) * 256 + byte(from);
      if (marker === 0xdd) tables.restartInterval = from.file.readUInt16BE(from.at);
      from.at += length - 2;
    }
  }
}

/** The frame of strips without a head, whose tables the file's tags name. */
function makeFrame(file: Buffer, directory: TiffDirectory, tables: Tables, width: number, height: number): Frame {
  const [quants, dcs, acs] = [tags.quants, tags.dcs, tags.acs].map((tag) => directory.whole(tag));
  const [across, down] = directory.subsampling;
  const slotOf = (places: readonly number[], i: number): number =>
    i > 0 && (places[i] === undefined || places[i] === 0 || places[i] === places[i - 1]) ? slotOf(places, i - 1) : i;
  const tableAt = (at: number) => {
    const count = file.subarray(at, at + 16).reduce((sum, each) => sum + each, 0);
    return file.subarray(at, at + 16 + count);
  };
  const components = [0, 1, 2].map((i) => {
    const [quant, dc, ac] = [slotOf(quants!, i), slotOf(dcs!, i), slotOf(acs!, i)];
    if (!quants![quant] || !dcs![dc] || !acs![ac]) throw damaged('no tables');
    tables.quants.set(quant, Uint16Array.from(file.subarray(quants![quant], quants![quant]! + 64)));
    tables.dc.set(dc, tableAt(dcs![dc]!));
    tables.ac.set(ac, tableAt(acs![ac]!));
    return { id: i, across: i === 0 ? across : 1, down: i === 0 ? down : 1, quant, dc, ac };
  });
  tables.restartInterval ||= directory.whole(tags.restartInterval)[0] ?? 0;
  return { width, height, precision: 8, components, isProgressive: false, isArithmetic: false };
}
