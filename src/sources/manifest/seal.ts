import { createHash, webcrypto } from 'node:crypto';

/** A file's digest lies in it, in hex after this, wherever the format repeats it. While the digest is taken there are zeros. */
const mark = Buffer.from('tributary-sha256:');
const digits = 64;
const zeros = Buffer.alloc(digits, '0');

/** What is written where the digest is to lie. */
export const blankSeal: string = mark.toString() + zeros.toString();

/** Takes the digest of a file while it is written, and says where it is to lie. */
export class Sealing {
  readonly #hash = createHash('sha256');
  readonly #places: number[] = [];
  #length = 0;

  /** Takes in what is written next. No seal may be divided between two parts. */
  add(part: Uint8Array): void {
    for (const place of places(part)) this.#places.push(this.#length + place);
    this.#hash.update(part);
    this.#length += part.length;
  }

  /** The digest in hex, and the bytes of the file at which it is to be written. */
  end(): { readonly digest: Buffer; readonly places: readonly number[] } {
    return { digest: Buffer.from(this.#hash.digest('hex')), places: this.#places };
  }
}

/** What is wrong with the seal of a whole file; null where it is as it was written. The seal's digits are zeros after that. */
export async function brokenSeal(bytes: Uint8Array): Promise<string | null> {
  const found = [...places(bytes)];
  const seals = found.map((place) => Buffer.from(bytes.subarray(place, place + digits)).toString('latin1'));
  if (seals.length === 0) return 'a file without a digest';
  for (const place of found) bytes.set(zeros.subarray(0, Math.max(0, bytes.length - place)), place);
  const digest = Buffer.from(await webcrypto.subtle.digest('SHA-256', bytes)).toString('hex');
  return seals.every((seal) => seal === digest) ? null : `other bytes than its digest ${seals[0]} is of`;
}

/** Where digests lie in some bytes. */
function* places(bytes: Uint8Array): Generator<number> {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = text.indexOf(mark); at >= 0; at = text.indexOf(mark, at + 1)) yield at + mark.length;
}
