import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  checkHuffman,
  JpegEnd,
  JpegError,
  readConditioning,
  readFrame,
  readHuffmans,
  readQuants,
  readRestartInterval,
  readScan,
  skipSegment,
  type Tables,
} from '../../src/decode/jpeg-segments.js';

const none = (): Tables => ({ frame: null, restartInterval: 0, quants: new Map(), dc: new Map(), ac: new Map() });
const from = (...bytes: number[]) => ({ file: Buffer.from(bytes), at: 0 });
const frame = [0, 17, 8, 0, 20, 0, 30, 3, 1, 0x21, 0, 2, 0x11, 1, 3, 0x11, 1];

test('a frame has its size and components once, and a length that fits', () => {
  const tables = none();
  readFrame(from(...frame), tables, true, false);
  assert.deepEqual([tables.frame!.width, tables.frame!.height, tables.frame!.isProgressive], [30, 20, true]);
  assert.deepEqual(
    tables.frame!.components.map(({ across, down, quant }) => [across, down, quant]),
    [
      [2, 1, 0],
      [1, 1, 1],
      [1, 1, 1],
    ],
  );
  assert.throws(() => readFrame(from(...frame), tables, false, false), JpegError);
  assert.throws(() => readFrame(from(0, 18, ...frame.slice(2)), none(), false, false), JpegError);
  // Where the file ends first, that is what libjpeg sees.
  assert.throws(() => readFrame(from(...frame.slice(0, 7)), tables, false, false), JpegEnd);
});

test('a scan names components of the frame, each once', () => {
  const tables = none();
  assert.throws(() => readScan(from(0, 8, 1, 1, 0, 0, 63, 0), tables), JpegError);
  readFrame(from(...frame), tables, false, false);
  const scan = readScan(from(0, 10, 2, 1, 0x01, 3, 0x23, 1, 5, 0x21), tables);
  assert.deepEqual([scan.first, scan.last, scan.high, scan.low], [1, 5, 2, 1]);
  assert.deepEqual(
    scan.components.map(({ id, dc, ac }) => [id, dc, ac]),
    [
      [1, 0, 1],
      [3, 2, 3],
    ],
  );
  assert.throws(() => readScan(from(0, 10, 2, 1, 0, 1, 0, 0, 63, 0), tables), JpegError);
  assert.throws(() => readScan(from(0, 8, 1, 9, 0, 0, 63, 0), tables), JpegError);
  assert.throws(() => readScan(from(0, 9, 1, 1, 0, 0, 63, 0), tables), JpegError);
});

test('tables fill their slots, and have lengths that fit', () => {
  const tables = none();
  readQuants(from(0, 67, 2, ...Array(64).fill(1)), tables);
  assert.deepEqual([...tables.quants.keys()], [2]);
  assert.throws(() => readQuants(from(0, 67, 4, ...Array(64).fill(1)), tables), JpegError);
  assert.throws(() => readQuants(from(0, 67, 0x10, ...Array(128).fill(1)), tables), JpegError);
  const counts = [0, 2, ...Array(14).fill(0)];
  readHuffmans(from(0, 21, 0x11, ...counts, 7, 8), tables);
  assert.deepEqual([...tables.ac.get(1)!], [...counts, 7, 8]);
  assert.throws(() => readHuffmans(from(0, 21, 0x14, ...counts, 7, 8), tables), JpegError);
  assert.throws(() => readHuffmans(from(0, 20, 0x11, ...counts, 7, 8), tables), JpegError);
  readRestartInterval(from(0, 4, 1, 2), tables);
  assert.equal(tables.restartInterval, 258);
  assert.throws(() => readRestartInterval(from(0, 5, 1, 2, 3), tables), JpegError);
  readConditioning(from(0, 4, 0, 0x10));
  assert.throws(() => readConditioning(from(0, 4, 0, 0x01)), JpegError);
  assert.throws(() => readConditioning(from(0, 4, 32, 0)), JpegError);
  const beyond = from(0, 9, 1);
  skipSegment(beyond);
  assert.equal(beyond.at, 9);
});

test('codes fit their lengths, none is all ones, and DC symbols are small', () => {
  const table = (counts: number[], symbol = 0) =>
    Buffer.from([...counts, ...Array(16 - counts.length).fill(0), symbol, symbol]);
  checkHuffman(table([0, 2]), true);
  checkHuffman(table([]), true);
  checkHuffman(table([0, 2], 200), false);
  assert.throws(() => checkHuffman(table([0, 2], 16), true), JpegError);
  assert.throws(() => checkHuffman(table([2]), true), JpegError);
  assert.throws(() => checkHuffman(table([1, 2]), true), JpegError);
  assert.throws(() => checkHuffman(undefined, true), JpegError);
});
