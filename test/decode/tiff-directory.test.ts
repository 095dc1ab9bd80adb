import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readTiffDirectory } from '../../src/decode/tiff-directory.js';

type Tag = readonly [tag: number, type: number, count: number, value: number];

const sound: readonly Tag[] = [
  [256, 3, 1, 9],
  [257, 3, 1, 7],
  [258, 3, 1, 8],
  [259, 3, 1, 5],
  [262, 3, 1, 1],
  [273, 4, 1, 8],
  [278, 3, 1, 7],
  [279, 4, 1, 20],
];

function read(tags: readonly Tag[], cut = 0) {
  const file = Buffer.alloc(40 + 2 + 12 * tags.length + 4);
  file.writeUInt16LE(tags.length, 40);
  for (const [i, [tag, type, count, value]] of tags.entries()) {
    file.writeUInt16LE(tag, 42 + 12 * i);
    file.writeUInt16LE(type, 44 + 12 * i);
    file.writeUInt32LE(count, 46 + 12 * i);
    file.writeUInt32LE(value, 50 + 12 * i);
  }
  return readTiffDirectory(file.subarray(0, file.length - cut), 40, true, false);
}

const changed = (...tags: readonly Tag[]) => [
  ...sound.filter(([tag]) => !tags.some(([other]) => other === tag)),
  ...tags,
];

test('a directory says where strips are, and what nobody says is the default', () => {
  const found = read(sound)!;
  assert.deepEqual([found.width, found.height, found.bits, found.samples], [9, 7, 8, 1]);
  assert.deepEqual([found.offsets, found.lengths, found.rowsPerStrip], [[8], [20], 7]);
  assert.deepEqual(found.whole(262), [1]);
  assert.equal(read(changed([278, 3, 1, 4]))!.offsets.length, 2);
});

test('all of it must be there, and tags that libtiff needs must be right; others need not', () => {
  assert.ok(read(sound, 4));
  assert.equal(read(sound, 5), null);
  for (const wrong of [
    [277, 3, 1, 0],
    [284, 3, 1, 3],
    [278, 3, 1, 0],
    [259, 2, 1, 5],
    [258, 3, 9, 9999],
  ] as const)
    assert.equal(read(changed(wrong)), null, String(wrong));
  assert.ok(read(changed([296, 3, 1, 12291], [0, 3, 1, 1], [270, 2, 99, 99999])));
});

test('of a tag that stands twice the first counts, and a strip without a length has what the tags leave', () => {
  assert.equal(read([...sound, [257, 3, 1, 99]])!.height, 7);
  const { lengths } = read(changed([279, 4, 1, 0]))!;
  assert.deepEqual(lengths, [142 - 8 - 2 - 8 * 12 - 4]);
});
