import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { python } from '../../scripts/torchvision-process.js';
import { findPositions } from '../../src/decode/baseline-jpeg.js';
import { decodeCrop } from '../../src/decode/decode-crop.js';
import { readTables } from '../../src/decode/jpeg-tables.js';
import { probe } from '../../src/decode/probe.js';
import { TributaryError } from '../../src/errors.js';
import { defaultLimits } from '../../src/run/limits.js';
import type { Box } from '../../src/sample/draw.js';

let folder: string;
let index: Record<string, [number, number] | null>;

/**
 * What later Pillows decide otherwise than 9.4: colours that a palette does not have, plain PPM with signs or too few numbers,
 * some damaged TIFF, and EXIF that is cut.
 */
const decidedOtherwise = /-interlaced-4-3\.png$|^damaged-(exif-cut\.jpg|.*-palette\.png|.*\.tiff|P[23]-.*\.ppm)$/;

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-decode-'));
  const script = fileURLToPath(new URL('../../../test/decode/pillow_images.py', import.meta.url));
  execFileSync(python, [script, folder], { stdio: ['ignore', 'ignore', 'ignore'] });
  index = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8'));
  const version = execFileSync(python, ['-c', 'import PIL; print(PIL.__version__)'], { encoding: 'utf8' });
  if (!version.startsWith('9.'))
    for (const name of Object.keys(index)) if (decidedOtherwise.test(name)) delete index[name];
});
after(() => rmSync(folder, { recursive: true }));

const read = (name: string) => readFileSync(join(folder, name));

function cropOf(rgb: Buffer, imageWidth: number, { top, left, width, height }: Box): Buffer {
  const rows = Array.from({ length: height }, (_, row) => {
    const start = ((top + row) * imageWidth + left) * 3;
    return rgb.subarray(start, start + width * 3);
  });
  return Buffer.concat(rows);
}

function boxInside(width: number, height: number): fc.Arbitrary<Box> {
  return fc
    .record({ w: fc.integer({ min: 1, max: width }), h: fc.integer({ min: 1, max: height }) })
    .chain(({ w, h }) =>
      fc.record({
        top: fc.nat(height - h),
        left: fc.nat(width - w),
        height: fc.constant(h),
        width: fc.constant(w),
      }),
    );
}

async function outcome(bytes: Uint8Array, box?: Box, positions?: () => Uint8Array): Promise<Buffer | string> {
  try {
    const header = await probe(bytes, defaultLimits);
    const { width, height } = header;
    const crop = box ?? { top: 0, left: 0, width, height };
    return Buffer.from((await decodeCrop(bytes, crop, defaultLimits, header, undefined, positions)).data);
  } catch (error) {
    assert.ok(error instanceof TributaryError && error.reason === 'SAMPLE_CORRUPT', String(error));
    return error.metadata.cause!;
  }
}

describe('decodeCrop beside Pillow', () => {
  it('yields the same pixels for whole images of every kind', async () => {
    const names = Object.keys(index).filter((name) => !name.startsWith('damaged'));
    assert.ok(names.length > 250);
    for (const name of names) {
      const [width, height] = index[name]!;
      const probed = await probe(read(name), defaultLimits);
      assert.deepEqual([probed.width, probed.height], [width, height], name);
      const box = { top: 0, left: 0, width, height };
      const { data } = await decodeCrop(read(name), box, defaultLimits);
      assert.ok(read(`${name}.rgb`).equals(data), name);
    }
  });

  it('yields the same pixels for boxes at any offset', async () => {
    const names = Object.keys(index).filter((name) => !name.startsWith('damaged'));
    const cases = fc.constantFrom(...names).chain((name) => fc.tuple(fc.constant(name), boxInside(...index[name]!)));
    await fc.assert(
      fc.asyncProperty(cases, async ([name, box]) => {
        const crop = await decodeCrop(read(name), box, defaultLimits);
        assert.deepEqual([crop.width, crop.height], [box.width, box.height]);
        assert.ok(
          cropOf(read(`${name}.rgb`), index[name]![0], box).equals(crop.data),
          `${name} ${JSON.stringify(box)}`,
        );
      }),
      { numRuns: 600 },
    );
  });

  it('refuses the damaged files that Pillow refuses, and reads the others alike', async () => {
    const names = Object.keys(index).filter((name) => name.startsWith('damaged'));
    const refused = names.filter((name) => index[name] === null);
    assert.ok(refused.length > 100 && names.length - refused.length > 50);
    for (const name of names) {
      const pixels = await outcome(read(name));
      if (index[name] === null) assert.equal(typeof pixels, 'string', name);
      else assert.ok(read(`${name}.rgb`).equals(pixels as Buffer), name);
    }
  });

  it('gives a damaged file the same verdict whatever the box', async () => {
    const names = Object.keys(index).filter((name) => name.startsWith('damaged'));
    for (const name of names) {
      const whole = await outcome(read(name));
      const { width, height } = await probe(read(name), defaultLimits).catch(() => ({ width: 6, height: 4 }));
      const [top, left] = [Math.min(3, height - 1), Math.min(1, width - 1)];
      const box = { top, left, width: Math.min(5, width - left), height: 1 };
      const corner = await outcome(read(name), box);
      if (typeof whole === 'string') assert.equal(corner, whole, name);
      else assert.ok(cropOf(whole, width, box).equals(corner as Buffer), name);
    }
  });

  it('says the same of every file with the positions that are found in it', async () => {
    let positioned = 0;
    for (const name of Object.keys(index)) {
      const bytes = read(name);
      const tables = readTables(bytes);
      const positions = tables && findPositions(bytes, tables);
      if (tables === null || positions === null) continue;
      positioned++;
      const { width, height } = tables;
      for (const box of [
        { top: 0, left: 0, width, height },
        { top: height >> 1, left: width >> 1, width: (width + 1) >> 1, height: (height + 1) >> 1 },
      ]) {
        assert.deepEqual(await outcome(bytes, box, () => positions), await outcome(bytes, box), name);
      }
    }
    assert.ok(positioned > 50, `${positioned} files with positions`);
  });

  it('works in worker threads, several at once', async () => {
    const name = '258x130-progressive-2.jpg';
    const module = new URL('../../src/decode/decode-crop.js', import.meta.url).href;
    const code = `
      const { parentPort, workerData } = require('node:worker_threads');
      import(workerData.module).then(async ({ decodeCrop }) => {
        const crop = await decodeCrop(workerData.bytes, workerData.box, workerData.limits);
        parentPort.postMessage(crop.data);
      });`;
    const box = { top: 11, left: 13, width: 201, height: 99 };
    const workerData = { module, bytes: read(name), box, limits: defaultLimits };
    const decoded = await Promise.all(
      [1, 2, 3].map(
        () =>
          new Promise<Uint8Array>((resolve, reject) => {
            const worker = new Worker(code, { eval: true, workerData });
            worker.once('message', resolve);
            worker.once('error', reject);
          }),
      ),
    );
    for (const data of decoded) assert.ok(cropOf(read(`${name}.rgb`), 258, box).equals(data));
  });
});
