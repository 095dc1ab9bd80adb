import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import sharp from 'sharp';
import { decodeBaselineJpeg as decodeWithin, findPositions } from '../../src/decode/baseline-jpeg.js';
import type { ImageSize } from '../../src/decode/crop.js';
import type { Header } from '../../src/decode/header.js';
import { jpeg } from '../../src/decode/jpeg.js';
import { readTables } from '../../src/decode/jpeg-tables.js';
import { decodePositions, encodePositions, positionWords } from '../../src/decode/scan-positions.js';
import { TributaryError } from '../../src/errors.js';
import type { Box } from '../../src/sample/draw.js';

type Picture = ImageSize & {
  readonly pattern: 'noise' | 'ramps' | 'board' | 'waves' | 'stripes';
  readonly seed: number;
};

const picture = (most: number): fc.Arbitrary<Picture> =>
  fc.record({
    width: fc.integer({ min: 5, max: most }),
    height: fc.integer({ min: 1, max: most }),
    pattern: fc.constantFrom('noise', 'ramps', 'board', 'waves', 'stripes'),
    seed: fc.nat(2 ** 31),
  });

const subsampling = fc.constantFrom(
  ['-grayscale'],
  ...['1x1', '2x1', '2x2'].map((luma) => ['-sample', `${luma},1x1,1x1`]),
);

// Without -baseline, low qualities have quantisation factors of 16 bits.
const encoding = fc
  .record({
    quality: fc.constantFrom(1, 10, 50, 75, 90, 100),
    subsampling,
    huffman: fc.constantFrom([], ['-optimize']),
    restart: fc.constantFrom([], ['-restart', '1'], ['-restart', '1B'], ['-restart', '5B']),
  })
  .map(({ quality, subsampling, huffman, restart }) => [
    ...['-baseline', '-quality', String(quality)],
    ...subsampling,
    ...huffman,
    ...restart,
  ]);

const fractions = fc.tuple(...Array.from({ length: 4 }, () => fc.double({ min: 0, max: 1, noNaN: true })));

function draw({ width, height, pattern, seed }: Picture): Buffer {
  let state = seed | 1;
  const noise = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state & 255;
  };
  const level = {
    noise,
    ramps: (x: number, y: number, channel: number) => (3 * x + (channel + 1) * y) & 255,
    board: (x: number, y: number) => (((x >> 3) + (y >> 3)) & 1) * 255,
    stripes: (x: number) => (37 * x) & 255,
    waves: (x: number, y: number, channel: number) =>
      128 + 60 * Math.sin(x / 7 + channel) + 40 * Math.cos(y / 5) + noise() / 8,
  }[pattern];
  const pixels = Buffer.alloc(width * height * 3);
  for (let i = 0; i < pixels.length; i++) {
    const pixel = Math.floor(i / 3);
    pixels[i] = Math.min(255, level(pixel % width, Math.floor(pixel / width), i % 3));
  }
  return pixels;
}

/** Encodes as libjpeg-turbo's own tool does. */
function encode(of: Picture, options: readonly string[]): Buffer {
  const input = Buffer.concat([Buffer.from(`P6\n${of.width} ${of.height}\n255\n`), draw(of)]);
  const { status, stdout, stderr, error } = spawnSync('cjpeg', options, { input, maxBuffer: 2 ** 26 });
  assert.equal(status, 0, `cjpeg ${options.join(' ')}: ${error?.message ?? stderr}`);
  return stdout;
}

function boxOf({ width, height }: ImageSize, [x, y, w, h]: readonly number[]): Box {
  const boxWidth = 1 + Math.floor(w! * (width - 1));
  const boxHeight = 1 + Math.floor(h! * (height - 1));
  const left = Math.floor(x! * (width - boxWidth));
  return { left, top: Math.floor(y! * (height - boxHeight)), width: boxWidth, height: boxHeight };
}

const whole = ({ width, height }: ImageSize): Box => ({ left: 0, top: 0, width, height });

/** What libvips, with libjpeg-turbo, makes of a box; it reads no further than the box. */
async function throughLibvips(file: Buffer, box: Box, size: ImageSize): Promise<Buffer> {
  const image = sharp(file, { failOn: 'error', ignoreIcc: true });
  if (box.width !== size.width || box.height !== size.height) image.extract(box);
  return image.toColourspace('srgb').removeAlpha().raw().toBuffer();
}

/** Null for what is refused by its markers, too. */
function headerOf(file: Buffer): Header | null {
  try {
    return jpeg.read(file, () => {});
  } catch (error) {
    assert.ok(error instanceof TributaryError && error.reason === 'SAMPLE_CORRUPT', String(error));
    return null;
  }
}

const firstDifference = (a: Uint8Array, b: Uint8Array) => a.findIndex((value, i) => value !== b[i]);

const decodeBaselineJpeg = (file: Buffer, box: Box, seconds = 30) => {
  const tables = readTables(file);
  return tables && decodeWithin(file, tables, box, { seconds });
};

describe('decodeBaselineJpeg', () => {
  it("decodes every box of what libjpeg-turbo encodes to libjpeg-turbo's bytes", async () => {
    await fc.assert(
      fc.asyncProperty(picture(120), encoding, fractions, async (of, options, at) => {
        const file = encode(of, options);
        for (const box of [whole(of), boxOf(of, at)]) {
          const crop = decodeBaselineJpeg(file, box);
          assert.ok(crop !== null, `${options.join(' ')} is not taken`);
          assert.equal(crop.width * crop.height * 3, crop.data.length);
          assert.equal(firstDifference(crop.data, await throughLibvips(file, box, of)), -1, JSON.stringify(box));
        }
      }),
      { numRuns: 150 },
    );
  });

  it('decodes boxes whose edges lie beside those of MCUs, with the samples beyond them', async () => {
    for (const sampling of ['1x1', '2x1', '2x2']) {
      const of: Picture = { width: 67, height: 50, pattern: 'noise', seed: 7 };
      const options = ['-quality', '95', '-sample', `${sampling},1x1,1x1`];
      const file = encode(of, options);
      const other = encode({ ...of, pattern: 'board' }, options);
      const pixels = await throughLibvips(file, whole(of), of);
      const spans = (size: number) =>
        [0, 7, 8, 15, 16, 17, 31, 32, 33].flatMap((from) =>
          [1, 15, 16, 17, 33].map((length) => ({ from, length })).filter(({ length }) => from + length <= size),
        );
      for (const { from: left, length: width } of spans(of.width)) {
        for (const { from: top, length: height } of spans(of.height)) {
          // So that nothing is right by what the last decode left behind.
          decodeBaselineJpeg(other, whole(of));
          const crop = decodeBaselineJpeg(file, { left, top, width, height })!;
          const expected = Buffer.concat(
            Array.from({ length: height }, (_, row) => {
              const start = ((top + row) * of.width + left) * 3;
              return pixels.subarray(start, start + width * 3);
            }),
          );
          const where = `${sampling}, ${width} x ${height} at ${left}, ${top}`;
          assert.equal(firstDifference(crop.data, expected), -1, where);
        }
      }
    }
  });

  it('decodes an image of more than one band of rows', async () => {
    const of: Picture = { width: 1003, height: 517, pattern: 'waves', seed: 5 };
    const file = encode(of, ['-quality', '90', '-sample', '2x2,1x1,1x1', '-restart', '1']);
    for (const box of [whole(of), { left: 501, top: 15, width: 502, height: 501 }]) {
      const crop = decodeBaselineJpeg(file, box);
      assert.equal(firstDifference(crop!.data, await throughLibvips(file, box, of)), -1);
    }
  });

  it('gives up when its time is over, without a verdict', () => {
    const of: Picture = { width: 640, height: 480, pattern: 'noise', seed: 5 };
    const file = encode(of, ['-quality', '90']);
    assert.throws(
      () => decodeBaselineJpeg(file, whole(of), 1e-6),
      (error) => error instanceof TributaryError && error.reason === 'DECODE_TIMEOUT',
    );
    assert.ok(decodeBaselineJpeg(file, whole(of)) !== null);
  });

  it('takes no file whose damage could show: what it takes, libvips takes, to the same bytes', async () => {
    const change = fc.record({ at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), bit: fc.nat(7) });
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(
        picture(64),
        encoding,
        fc.array(change, { minLength: 1, maxLength: 3 }),
        // Tables and entropy-coded bytes are hit alike.
        fc.boolean(),
        fractions,
        async (of, options, changes, inTables, at) => {
          const file = Buffer.from(encode(of, options));
          const reach = inTables ? Math.min(620, file.length) : file.length;
          for (const { at, bit } of changes) file[2 + Math.floor(at * (reach - 2))]! ^= 1 << bit;
          const header = headerOf(file);
          if (header === null || header.isCmyk || header.width * header.height > 2 ** 20) return;
          for (const box of [whole(header), boxOf(header, at)]) {
            const crop = decodeBaselineJpeg(file, box);
            if (crop === null) continue;
            taken++;
            assert.equal(firstDifference(crop.data, await throughLibvips(file, box, header)), -1);
          }
        },
      ),
      { numRuns: 500 },
    );
    assert.ok(taken > 5, `${taken} boxes taken of 1,000`);
  });

  it('leaves to libvips what it does not know', () => {
    const of: Picture = { width: 40, height: 30, pattern: 'waves', seed: 3 };
    for (const options of [
      ['-progressive'],
      ['-arithmetic'],
      ['-rgb'],
      ['-sample', '1x2,1x1,1x1'],
      ['-sample', '4x1,1x1,1x1'],
      ['-sample', '2x2,2x1,1x1'],
      ['-quality', '1'],
    ])
      assert.equal(decodeBaselineJpeg(encode(of, options), whole(of)), null, options.join(' '));
    const narrow: Picture = { ...of, width: 4 };
    assert.equal(decodeBaselineJpeg(encode(narrow, []), whole(narrow)), null, 'narrow');
  });

  it('lets coefficients that overflow 16 bits do so as libjpeg-turbo does', async () => {
    for (const pattern of ['stripes', 'noise', 'board'] as const) {
      const of: Picture = { width: 64, height: 24, pattern, seed: 4 };
      const file = encode(of, ['-quality', '100', '-grayscale']);
      const table = file.indexOf(Buffer.from([0xff, 0xdb])) + 5;
      file.fill(255, table, table + 64);
      const crop = decodeBaselineJpeg(file, whole(of));
      assert.equal(firstDifference(crop!.data, await throughLibvips(file, whole(of), of)), -1, pattern);
    }
  });

  it('takes no sampling factors that libjpeg refuses', async () => {
    const of: Picture = { width: 40, height: 30, pattern: 'waves', seed: 3 };
    const file = encode(of, ['-grayscale']);
    file[file.indexOf(Buffer.from([0xff, 0xc0])) + 11] = 0x50;
    await assert.rejects(throughLibvips(file, whole(of), of), /sampling/);
    assert.equal(decodeBaselineJpeg(file, whole(of)), null);
  });

  it('takes no table of codes that libjpeg refuses', async () => {
    const of: Picture = { width: 40, height: 30, pattern: 'waves', seed: 3 };
    const file = encode(of, ['-grayscale']);
    const counts = file.indexOf(Buffer.from([0xff, 0xc4])) + 5;
    const symbols = file.subarray(counts, counts + 16).reduce((sum, count) => sum + count);
    assert.equal(symbols, 12);
    // A code of every length up to 10, and two of 11: the last is all ones.
    file.set([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 0, 0, 0, 0, 0], counts);
    await assert.rejects(throughLibvips(file, whole(of), of), /Huffman/);
    assert.equal(decodeBaselineJpeg(file, whole(of)), null);
  });

  it('leaves to libvips what ends, or loses a restart, above the last row of the box', () => {
    const of: Picture = { width: 64, height: 64, pattern: 'noise', seed: 9 };
    const file = encode(of, ['-quality', '90', '-restart', '1']);
    const third = file.indexOf(Buffer.from([0xff, 0xd2]));
    assert.ok(third > 0);
    const without = Buffer.concat([file.subarray(0, third), file.subarray(third + 2)]);
    const cut = Buffer.concat([file.subarray(0, third - 40), Buffer.from([0xff, 0xd9])]);
    const wrong = Buffer.from(file);
    wrong[third + 1] = 0xd5;
    for (const damaged of [without, cut, wrong]) assert.equal(decodeBaselineJpeg(damaged, whole(of)), null);
    const again = decodeBaselineJpeg(file, whole(of));
    assert.ok(again !== null, 'a sound file after damaged ones');
  });
});

const images = fileURLToPath(new URL('../../../test/vectors/images/', import.meta.url));

/** Without restarts, which positions do without. */
const positioned = fc
  .record({ quality: fc.integer({ min: 30, max: 100 }), subsampling, huffman: fc.constantFrom([], ['-optimize']) })
  .map(({ quality, subsampling, huffman }) => ['-quality', String(quality), ...subsampling, ...huffman]);

function found(file: Buffer): Buffer | null {
  const tables = readTables(file);
  return tables && findPositions(file, tables);
}

function fromPositions(file: Buffer, box: Box, positions: Uint8Array | null) {
  const tables = readTables(file);
  return tables && decodeWithin(file, tables, box, { seconds: 30 }, positions);
}

/** The words of what is kept: of as many positions as there turn out to be. */
function wordsOf(kept: Uint8Array, file: Buffer, components: number): Uint32Array {
  for (let count = 1; count < 5000; count++) {
    const words = new Uint32Array(count * positionWords);
    if (decodePositions(kept, file, words, components, file.length * 8)) return words;
  }
  throw new Error('no positions');
}

function assertSame(file: Buffer, box: Box, positions: Uint8Array | null): void {
  const without = decodeBaselineJpeg(file, box);
  const crop = fromPositions(file, box, positions);
  assert.equal(crop === null, without === null);
  if (crop !== null) assert.equal(firstDifference(crop.data, without!.data), -1, JSON.stringify(box));
}

describe('positions', () => {
  it('change no byte of any box', () => {
    fc.assert(
      fc.property(picture(420), positioned, fc.array(fractions, { minLength: 4, maxLength: 4 }), (of, options, at) => {
        const file = encode(of, options);
        const positions = found(file);
        assert.ok(positions !== null, options.join(' '));
        for (const box of [whole(of), ...at.map((each) => boxOf(of, each))]) assertSame(file, box, positions);
      }),
      { numRuns: 150 },
    );
  });

  it('change no byte of boxes that begin and end beside them, with the samples beyond', () => {
    for (const sampling of ['1x1', '2x1', '2x2']) {
      const of: Picture = { width: 300, height: 40, pattern: 'waves', seed: 7 };
      const file = encode(of, ['-quality', '95', '-sample', `${sampling},1x1,1x1`]);
      const brighter = wordsOf(found(file)!, file, 3);
      for (let i = 1; i < brighter.length; i += positionWords) brighter[i]! += 20;
      const elsewhere = encodePositions(file, brighter, 3);
      const other = encode({ ...of, pattern: 'board' }, ['-quality', '95', '-sample', `${sampling},1x1,1x1`]);
      const positions = found(file);
      for (const left of [0, 1, 80, 95, 96, 97, 98, 112, 191, 192, 193, 299])
        for (const width of [1, 2, 15, 16, 95, 96, 97])
          for (const [top, height] of [
            [0, 1],
            [15, 2],
            [16, 8],
            [31, 9],
            [39, 1],
          ] as const) {
            if (left + width > of.width) continue;
            const box = { left, top, width, height };
            decodeBaselineJpeg(other, whole(of));
            assertSame(file, box, positions);
            // It is from them that they are decoded: others are other pixels.
            const { data } = fromPositions(file, box, elsewhere)!;
            assert.notEqual(firstDifference(data, decodeBaselineJpeg(file, box)!.data), -1, JSON.stringify(box));
          }
    }
  });

  it('change no byte of the files that the project keeps', () => {
    let taken = 0;
    for (const name of readdirSync(images).filter((each) => each.endsWith('.jpg'))) {
      const file = readFileSync(`${images}${name}`);
      const positions = found(file);
      const tables = readTables(file);
      if (tables === null) assert.equal(positions, null, name);
      else if (positions !== null) {
        taken++;
        for (const at of [
          [0, 0, 1, 1],
          [0.5, 0.5, 0.3, 0.3],
          [1, 1, 0.2, 0.5],
        ])
          assertSame(file, boxOf(tables, at), positions);
      }
    }
    assert.ok(taken >= 3, `${taken} files with positions`);
  });

  it('are what is decoded from: other coefficients there are other pixels', () => {
    for (const options of [[], ['-grayscale']]) {
      const of: Picture = { width: 300, height: 100, pattern: 'waves', seed: 3 };
      const file = encode(of, options);
      const components = options.length === 0 ? 3 : 1;
      const words = wordsOf(found(file)!, file, components);
      for (let i = 0; i < words.length; i += positionWords) words[i + 1]! += 9;
      const box = { left: 120, top: 50, width: 60, height: 30 };
      const crop = fromPositions(file, box, encodePositions(file, words, components))!;
      assert.notEqual(firstDifference(crop.data, decodeBaselineJpeg(file, box)!.data), -1);
    }
  });

  it('are not believed for a file that has changed since, damaged or not', () => {
    const change = fc.record({ at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), bit: fc.nat(7) });
    fc.assert(
      fc.property(picture(200), positioned, change, fractions, (of, options, { at, bit }, where) => {
        const file = encode(of, options);
        const positions = found(file);
        const changed = Buffer.from(file);
        changed[2 + Math.floor(at * (file.length - 2))]! ^= 1 << bit;
        const header = headerOf(changed);
        if (header === null || header.width * header.height > 2 ** 20) return;
        for (const box of [whole(header), boxOf(header, where)]) assertSame(changed, box, positions);
      }),
      { numRuns: 300 },
    );
    const of: Picture = { width: 200, height: 100, pattern: 'waves', seed: 1 };
    const [file, other] = [encode(of, []), encode({ ...of, seed: 2, pattern: 'board' }, [])];
    assertSame(other, boxOf(of, [0.5, 0.5, 0.5, 0.5]), found(file));
  });

  it('are found in no file that has restarts, or is not sound to its end', () => {
    const of: Picture = { width: 200, height: 100, pattern: 'noise', seed: 1 };
    assert.equal(found(encode(of, ['-restart', '1'])), null);
    assert.equal(found(encode(of, ['-progressive'])), null);
    assert.equal(found(encode({ ...of, width: 4 }, [])), null);
    const file = encode(of, []);
    const { scan } = readTables(file)!;
    const end = Buffer.from([0xff, 0xd9]);
    assert.equal(found(Buffer.concat([file.subarray(0, file.length - 60), end])), null, 'cut');
    assert.equal(found(Buffer.concat([file.subarray(0, file.length - 2), Buffer.from([1, 2, 3]), end])), null, 'more');
    assert.equal(found(file.subarray(0, file.length - 2)), null, 'open');
    const again = file.subarray(file.indexOf(Buffer.from([0xff, 0xc0])), scan);
    assert.equal(found(Buffer.concat([file.subarray(0, file.length - 2), again, end])), null, 'a second frame');
    const damaged = Buffer.from(file);
    damaged.fill(0xfe, scan + 1000, scan + 1100);
    assert.equal(found(damaged), null, 'damaged');
    assert.ok(found(file) !== null);
    assert.ok(found(Buffer.concat([file, Buffer.alloc(100, 7)])) !== null, 'what follows the image is none of it');
  });

  it('that somebody made up end in pixels or in the plain way, and leave the next file alone', () => {
    const of: Picture = { width: 230, height: 90, pattern: 'waves', seed: 8 };
    const file = encode(of, ['-quality', '90']);
    const box = { left: 110, top: 40, width: 90, height: 45 };
    const expected = decodeBaselineJpeg(file, box)!.data;
    const genuine = found(file)!;
    const words = wordsOf(genuine, file, 3);
    const bits = (file.length - readTables(file)!.scan) * 8;
    const change = fc.record({ at: fc.nat(words.length - 1), by: fc.integer() });
    let used = 0;
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: words.length }), (changes) => {
        const made = words.slice();
        for (const { at, by } of changes) made[at] = at % 4 === 0 ? by >>> 0 : made[at]! + (by >> 20);
        const inOrder = made.filter((_, i) => i % 4 === 0).map((bit) => bit % bits);
        for (const [i, bit] of inOrder.sort().entries()) made[i * 4] = bit;
        const crop = fromPositions(file, box, encodePositions(file, made, 3))!;
        assert.equal(crop.data.length, box.width * box.height * 3);
        if (firstDifference(crop.data, expected) !== -1) used++;
        assert.equal(firstDifference(fromPositions(file, box, genuine)!.data, expected), -1);
      }),
      { numRuns: 300 },
    );
    assert.ok(used > 10, `${used} of 300 were read`);
  });
});
