import { isUtf8 } from 'node:buffer';

/** A name's bytes as people can read and type them: what is no UTF-8 as `\xff`, byte by byte. */
export function shownBytes(name: Buffer): string {
  if (isUtf8(name)) return name.toString('utf8');
  let text = '';
  for (let at = 0; at < name.length; ) {
    const length = [1, 2, 3, 4].find((count) => at + count <= name.length && isUtf8(name.subarray(at, at + count)));
    text += length === undefined ? hex(name[at]!) : name.toString('utf8', at, at + length);
    at += length ?? 1;
  }
  return text;
}

/** A name on one line of a terminal: control characters as `\x0a`. */
export function shownName(name: string): string {
  return name.replaceAll(/[\p{Cc}\u2028\u2029]/gu, (character) => {
    const code = character.codePointAt(0)!;
    return code < 0x100 ? hex(code) : `\\u${code.toString(16)}`;
  });
}

function hex(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, '0')}`;
}
