import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32, deflateSync } from 'node:zlib';
import { endsWell, pixelPieces, readPngHeader } from '../../src/decode/png-chunks.js';

function chunk(kind: string, data: Buffer): Buffer {
  const out = Buffer.concat([Buffer.alloc(4), Buffer.from(kind, 'latin1'), data, Buffer.alloc(4)]);
  out.writeUInt32BE(data.length, 0);
  out.writeUInt32BE(crc32(out.subarray(4, -4)), out.length - 4);
  return out;
}

const signature = Buffer.from('89504e470d0a1a0a', 'hex');
const head = (depth = 8, colour = 2, interlace = 0) =>
  chunk('IHDR', Buffer.from([0, 0, 0, 5, 0, 0, 0, 3, depth, colour, 0, 0, interlace]));
const data = chunk('IDAT', deflateSync(Buffer.alloc(48)));
const end = chunk('IEND', Buffer.alloc(0));
const look = () => {};
const file = (...chunks: Buffer[]) => Buffer.concat([signature, ...chunks]);

test('the header has size, kind and where the pixels begin', () => {
  const whole = file(head(16, 4, 1), data, end);
  const header = readPngHeader(whole, look)!;
  assert.deepEqual(
    [header.width, header.height, header.kind, header.isInterlaced],
    [5, 3, { depth: 16, colour: 4, bits: 32 }, true],
  );
  assert.equal(header.data, whole.indexOf('IDAT') + 4);
});

test('chunks before the pixels need their checksum, and hold what Pillow reads of them', () => {
  for (const [kind, bytes] of [
    ['pHYs', Buffer.alloc(8)],
    ['sRGB', Buffer.alloc(0)],
    ['gAMA', Buffer.alloc(3)],
    ['cHRM', Buffer.alloc(5)],
    ['tRNS', Buffer.alloc(4)],
    ['iCCP', Buffer.from('name')],
    ['zTXt', Buffer.concat([Buffer.from('t\0\0'), deflateSync(Buffer.alloc(2 ** 20 + 1))])],
    ['acTL', Buffer.alloc(4)],
    ['fcTL', Buffer.alloc(26, 1)],
    ['a cd', Buffer.alloc(4)],
  ] as const)
    assert.equal(readPngHeader(file(head(), chunk(kind, bytes), data, end), look), null, kind);
  const text = chunk('tEXt', Buffer.from('a\0b'));
  assert.ok(readPngHeader(file(head(), text, data, end), look) !== null);
  text[text.length - 1]! ^= 1;
  assert.equal(readPngHeader(file(head(), text, data, end), look), null);
  assert.ok(readPngHeader(file(head(), data, text, end), look) !== null);
});

test('pixels go on through pieces of any length, to the first chunk that is another', () => {
  const bytes = [Buffer.from('abc'), Buffer.alloc(0), Buffer.alloc(70_000, 1)];
  const whole = file(head(), ...bytes.map((each) => chunk('IDAT', each)), end);
  const pieces = [...pixelPieces(whole, readPngHeader(whole, look)!)];
  assert.deepEqual(
    pieces.map(({ piece }) => piece.length),
    [3, 65536, 70_000 - 65536],
  );
  assert.equal(pieces.at(-1)!.end, whole.indexOf('IEND') - 8);
});

test('behind the pixels checksums do not count, and a chunk that is cut does', () => {
  const text = chunk('tEXt', Buffer.from('a\0bcdef'));
  const whole = file(head(), data, text, end);
  const header = readPngHeader(whole, look)!;
  const at = header.data + header.length;
  assert.equal(endsWell(whole, header, at, look), true);
  assert.equal(endsWell(whole.subarray(0, -end.length - 4), header, at, look), true);
  assert.equal(endsWell(whole.subarray(0, -end.length - 6), header, at, look), false);
});
