import { crc32 } from 'node:zlib';
import type { randomness } from './random-knobs.js';

type Random = ReturnType<typeof randomness>;

/** One way to damage a file: `other` is another file of the same kind. */
type Damage = (file: Buffer, random: Random, other: Buffer) => Buffer;

/** A place in the file: anywhere, or, every second time, among the headers or at the end, where structure is dense. */
function place(length: number, { below }: Random): number {
  const near = Math.min(length, 700);
  return [below(length), below(length), below(near), length - 1 - below(Math.min(length, 40))][below(4)]!;
}

function changed(file: Buffer, change: (copy: Buffer) => void): Buffer {
  const copy = Buffer.from(file);
  change(copy);
  return copy;
}

const spliced = (file: Buffer, at: number, remove: number, insert: Uint8Array) =>
  Buffer.concat([file.subarray(0, at), insert, file.subarray(Math.min(file.length, at + remove))]);

const anyKind: Record<string, Damage> = {
  truncated: (file, random) => file.subarray(0, place(file.length, random)),
  cut: (file, random) => file.subarray(0, file.length - 1 - random.below(Math.min(24, file.length - 1))),
  bits: (file, random) =>
    changed(file, (copy) => {
      for (let i = random.below(3); i >= 0; i--) copy[place(copy.length, random)]! ^= 1 << random.below(8);
    }),
  zeros: (file, random) =>
    changed(file, (copy) => {
      const at = place(copy.length, random);
      copy.fill(0, at, Math.min(copy.length, at + 1 + random.below(64)));
    }),
  noise: (file, random) =>
    changed(file, (copy) => {
      const at = place(copy.length, random);
      for (let i = at; i < Math.min(copy.length, at + 1 + random.below(40)); i++) copy[i] = random.below(256);
    }),
  lost: (file, random) => spliced(file, place(file.length, random), 1 + random.below(200), Buffer.alloc(0)),
  inserted: (file, random) => {
    const bytes = Buffer.from(Array.from({ length: 1 + random.below(20) }, () => random.below(256)));
    return spliced(file, place(file.length, random), 0, bytes);
  },
  joined: (file, random, other) => Buffer.concat([file.subarray(0, place(file.length, random)), other]),
  followed: (file, _, other) => Buffer.concat([file, other]),
  trailing: (file, random) =>
    Buffer.concat([file, Buffer.from(Array.from({ length: 1 + random.below(80) }, () => random.below(256)))]),
};

/** The places of 0xff in a JPEG that is not a stuffed one. */
function markersOf(file: Buffer): number[] {
  const places: number[] = [];
  for (let at = file.indexOf(0xff); at >= 0; at = file.indexOf(0xff, at + 1)) if (file[at + 1] !== 0) places.push(at);
  return places;
}

const jpegKinds: Record<string, Damage> = {
  'marker removed': (file, random) => spliced(file, random.pick(markersOf(file)), 2, Buffer.alloc(0)),
  'marker changed': (file, random) =>
    changed(file, (copy) => {
      copy[random.pick(markersOf(copy)) + 1] = random.below(256);
    }),
  'marker inserted': (file, random) =>
    spliced(file, place(file.length, random), 0, Buffer.of(0xff, 0xc0 + random.below(64))),
  'marker in data': (file, random) =>
    changed(file, (copy) => {
      copy[place(copy.length, random)] = 0xff;
    }),
  'end removed': (file) => file.subarray(0, Math.max(3, file.lastIndexOf(Buffer.of(0xff, 0xd9)))),
};

/** Start and end of a PNG's chunks, as far as they go. */
function chunksOf(file: Buffer): { at: number; end: number }[] {
  const chunks: { at: number; end: number }[] = [];
  for (let at = 8; at + 12 <= file.length; ) {
    const end = at + 12 + file.readUInt32BE(at);
    if (end > file.length) break;
    chunks.push({ at, end });
    at = end;
  }
  return chunks.length > 0 ? chunks : [{ at: 0, end: file.length }];
}

/** The same file with a change inside one chunk and that chunk's right checksum: zlib and the fields are reached. */
function resealed(file: Buffer, { at, end }: { at: number; end: number }, random: Random): Buffer {
  return changed(file, (copy) => {
    if (end - at <= 12) return;
    copy[at + 8 + random.below(end - at - 12)]! ^= 1 << random.below(8);
    copy.writeUInt32BE(crc32(copy.subarray(at + 4, end - 4)), end - 4);
  });
}

const pngKinds: Record<string, Damage> = {
  'chunk removed': (file, random) => {
    const { at, end } = random.pick(chunksOf(file));
    return spliced(file, at, end - at, Buffer.alloc(0));
  },
  'chunk twice': (file, random) => {
    const { at, end } = random.pick(chunksOf(file));
    return spliced(file, random.pick(chunksOf(file)).at, 0, file.subarray(at, end));
  },
  'checksum wrong': (file, random) =>
    changed(file, (copy) => {
      copy[random.pick(chunksOf(copy)).end - 1]! ^= 1;
    }),
  'chunk changed, checksum right': (file, random) => resealed(file, random.pick(chunksOf(file)), random),
  'chunk renamed': (file, random) =>
    changed(file, (copy) => {
      const { at, end } = random.pick(chunksOf(copy));
      if (end - at < 12) return;
      copy[at + 4 + random.below(4)]! ^= 1 << random.below(6);
      if (random.below(2) === 0) copy.writeUInt32BE(crc32(copy.subarray(at + 4, end - 4)), end - 4);
    }),
  'length changed': (file, random) =>
    changed(file, (copy) => {
      copy[random.pick(chunksOf(copy)).at + random.below(4)]! ^= 1 << random.below(8);
    }),
};

/** A damaged variant of a file, and what was done to it. */
export interface Mutant {
  readonly kind: string;
  readonly bytes: Buffer;
}

/** Damages a sound file at random, in a way that suits its kind. */
export function mutantOf(file: Buffer, format: string, random: Random, other: Buffer): Mutant {
  const kinds = { ...anyKind, ...(format === 'jpeg' ? jpegKinds : format === 'png' ? pngKinds : {}) };
  const kind = random.pick(Object.keys(kinds));
  return { kind, bytes: kinds[kind]!(file, random, other) };
}
