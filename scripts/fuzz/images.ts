import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { crc32 } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';
import { decodeBaselineJpeg, findPositions } from '../../src/decode/baseline-jpeg.js';
import { decodeCrop } from '../../src/decode/decode-crop.js';
import { clockOf } from '../../src/decode/decode-timeout.js';
import { decodeFax, type FaxForm } from '../../src/decode/fax.js';
import { readTables } from '../../src/decode/jpeg-tables.js';
import { probe } from '../../src/decode/probe.js';
import { decodeXz } from '../../src/decode/xz.js';
import { decodeZstandard } from '../../src/packing/zstandard.js';
import type { Target } from './target.js';

const vectors = fileURLToPath(new URL('../../../test/vectors/images', import.meta.url));
const limits = { pixels: 65_536, bytes: 1 << 20, seconds: 2 };

/** Each format of images up to where its pixels are this project's or are left to libvips, and `native`, which goes on through libvips. */
export async function imageTargets(): Promise<Record<string, Target>> {
  const noise = { type: 'gaussian', mean: 90, sigma: 30 } as const;
  const small = sharp({ create: { width: 21, height: 18, channels: 3, background: '#48f', noise } });
  const grey = small.clone().toColourspace('b-w');
  const encoded = (...images: Sharp[]) => Promise.all(images.map((one) => one.toBuffer()));
  const jpegs = await encoded(
    small.clone().jpeg(),
    small.clone().jpeg({ chromaSubsampling: '4:4:4', quality: 40 }),
    small.clone().jpeg({ progressive: true }),
    grey.clone().jpeg(),
    small.clone().toColourspace('cmyk').jpeg(),
    small
      .clone()
      .withExif({ IFD0: { Orientation: '6' } })
      .jpeg(),
  );
  const webps = await encoded(
    small.clone().webp(),
    small.clone().webp({ lossless: true }),
    small.clone().webp({ quality: 5, alphaQuality: 5 }),
  );
  const tiffs = await encoded(
    ...(['none', 'lzw', 'deflate', 'packbits', 'jpeg', 'webp'] as const).map((compression) =>
      small.clone().tiff({ compression }),
    ),
    small.clone().tiff({ compression: 'lzw', predictor: 'horizontal' }),
    small.clone().tiff({ compression: 'none', tile: true, tileWidth: 16, tileHeight: 16 }),
  );
  return {
    jpeg: image('jpeg', jpegs),
    png: image(
      'png',
      await encoded(
        small.clone().png(),
        small.clone().png({ palette: true, progressive: true }),
        grey.clone().png(),
        small.clone().ensureAlpha(0.5).toColourspace('rgb16').png(),
      ),
    ),
    gif: image('gif', await encoded(small.clone().gif(), small.clone().gif({ progressive: true } as never))),
    bmp: image('bmp', [bitmap(24), bitmap(8), bitmap(32)]),
    ppm: image('ppm', [
      Buffer.from(`P6 3 2 255\n${'abc'.repeat(6)}`),
      Buffer.from('P3\n# text\n2 2\n15\n1 2 3 4 5 6 7 8 9 10 11 12\n'),
      Buffer.from('P1 4 2\n1 0 1 0 1 1 1 1'),
      Buffer.from('P4 9 2 abcd'),
      Buffer.from('P5 3 2 65535 abcdefghijkl'),
    ]),
    tiff: image('tiff', tiffs),
    webp: image('webp', webps),
    positions: positionsOf(await small.clone().resize(400, 130).jpeg().toBuffer()),
    native: {
      format: 'any',
      seeds: [jpegs[2]!, jpegs[4]!, ...webps, tiffs[4]!, tiffs[5]!],
      async read(bytes) {
        const header = await probe(bytes, limits);
        (await decodeCrop(bytes, boxOf(header), limits, header)).give?.();
      },
    },
    fax: {
      format: 'any',
      seeds: [Buffer.from('26a0a51dc0ff0180', 'hex'), Buffer.from('b2596d0010010c9a', 'hex'), Buffer.alloc(24, 0x35)],
      read(bytes) {
        const form = faxForms[bytes[0]! & 3]!;
        const width = 1 + (bytes[1] ?? 0);
        const row = Math.ceil(width / 8);
        decodeFax(bytes.subarray(2), width, row, 20 * row, form, clockOf(2));
      },
    },
    xz: {
      format: 'any',
      seeds: xzStreams,
      read: (bytes) => decodeXz(bytes, 400, clockOf(2)),
    },
    zstandard: {
      format: 'any',
      seeds: zstandardStreams,
      read: (bytes) => decodeZstandard(bytes, 400, clockOf(2)),
    },
  };
}

const faxForms: readonly FaxForm[] = ['rows', 'group 3', 'group 3 in two dimensions', 'group 4'];

function image(format: string, seeds: Buffer[]): Target {
  const vector = files(format === 'jpeg' ? 'jpg' : format);
  return {
    format,
    seeds: [...seeds, ...vector],
    async read(bytes) {
      const header = await probe(bytes, limits);
      const crop = await header.decode?.(bytes, boxOf(header), limits);
      if (crop) crop.give?.();
      else header.rewrite?.(bytes, limits);
    },
  };
}

/** Positions kept of a JPEG, which may be anything; without their own sum right they may not change a pixel. */
function positionsOf(jpeg: Buffer): Target {
  const tables = readTables(jpeg)!;
  const kept = findPositions(jpeg, tables)!;
  const box = boxOf(tables);
  const decoded = (positions: Buffer | null) =>
    Buffer.from(decodeBaselineJpeg(jpeg, tables, box, limits, positions)!.data);
  const plain = decoded(null);
  return {
    format: 'any',
    seeds: [kept],
    isFresh: true,
    mend(bytes) {
      const mended = Buffer.from(bytes);
      if (mended.length >= 8) mended.writeUInt32LE(crc32(mended.subarray(4)), 0);
      return mended;
    },
    read(bytes) {
      const pixels = decoded(bytes);
      const isWhole = bytes.length >= 8 && bytes.readUInt32LE(0) === crc32(bytes.subarray(4));
      if (!isWhole && !pixels.equals(plain)) throw new Error('damaged positions gave other pixels');
    },
  };
}

function boxOf({ width, height }: { readonly width: number; readonly height: number }) {
  return { top: height >> 2, left: width >> 2, width: (width + 1) >> 1, height: (height + 1) >> 1 };
}

/** Those of the vectors that are small: a mutant of a large one is no more than a slow one. */
function files(suffix: string): Buffer[] {
  const names = readdirSync(vectors).filter((name) => name.endsWith(`.${suffix}`));
  return names.map((name) => readFileSync(join(vectors, name))).filter(({ length }) => length < 6_000);
}

/** 6 x 4 pixels. */
function bitmap(bits: 8 | 24 | 32): Buffer {
  const colours = bits === 8 ? 1024 : 0;
  const bytes = Buffer.alloc(54 + colours + 4 * Math.ceil((6 * bits) / 32) * 4, 77);
  bytes.fill(0, 0, 54).write('BM');
  for (const [at, value] of [
    [2, bytes.length],
    [10, 54 + colours],
    [14, 40],
    [18, 6],
    [22, 4],
    [34, bytes.length - 54 - colours],
  ] as const)
    bytes.writeUInt32LE(value, at);
  bytes.writeUInt16LE(1, 26);
  bytes.writeUInt16LE(bits, 28);
  return bytes;
}

// By liblzma: with differences between bytes, as libtiff writes them, and as the command xz does.
const xzStreams = [
  'fd377a585a000000ff12d9410201030102210116f2e8cd44e001f300205d0000020f57155e6beff6ac9feea5eec8f9923ce7e4c4c93adb44e2fd54b7a3100000000134f40300000015c8bff3a8000afc020000000000595a',
  'fd377a585a0000016922de360200210116000000742fe5a3e00170003e5d003a1c8955966a15faab57129b87f4edb6791d660ad72cc60d957985e662037298b42d4f12e5aecbc1ce47f8d828488706d2295b55f163175b866713eae000000000edcd3d0b000156f102000000518edfc63e300d8b020000000001595a',
].map((text) => Buffer.from(text, 'hex'));

// By libzstd: of levels 1 and 19, of bytes that repeat here and there, and of words.
const zstandardStreams = [
  '28b52ffd60cf003d090094117472696275746172792000070e151c232a31383f464d545b626970777e858c939aa1a8afb6bdc4cbd2d9e0e7eef501080f161d242b323940474e555c636a71787f868d949ba2a9b0b7bec5ccd3dae1e8eff6020910171e252c333a41484f565d646b727980878e959ca3aab1b8bfc6cdd4dbe2e9f0f7030a11181f262d343b424950575e656c737a81888f969da4abb2b9c0c7ced5dce3eaf1f8040b121920272e353c434a51585f666d747b828990979ea5acb3bac1c8cfd6dde4ebf2f9050c131a21282f363d444b525960676e757c838a91989fa6adb4bbc2c9d0d7dee5ecf3fa060d141b6174686520717569636b2062726f776e20666f78206a756d7073206f76657220746865206c617a7920646f672e206a756d707303008c79942ec0a5688a962e',
  '28b52ffd60d5031d06002402726976657220736f75726365206c616b652073747265616d64656c74616d6f7574685ba8f16becbf012044809083d70111b8889048012f1c392585c2300716767839c55a5002399ce758499fb7c89280690c29b07f7d4a981295d48a48a5520f58f0ec0b1f915f6833f2a784cf4744a700c1da2831144b6a9e6c74f59916de6205e78dde5da1f93165d268b0d1ca9d5f66693496329efa39eb814c42a60c047d59098597a0d96a49e8da7ab1870883a996cf77b6b9dccdb0bf82d65153a8fc7255',
].map((text) => Buffer.from(text, 'hex'));
