import { ByteWriter } from 'hyparquet-writer';
import { snappyCompress } from 'hyparquet-writer/src/snappy.js';

/** What a block holds. */
const blockBytes = 1 << 16;

/** Snappy whose copies stay in their block: all encoders but this one write it so. */
export function snappyInBlocks(bytes: Uint8Array): Uint8Array {
  const whole = new ByteWriter();
  whole.appendVarInt(bytes.length);
  for (let from = 0; from < bytes.length; from += blockBytes) {
    const block = bytes.subarray(from, from + blockBytes);
    const head = new ByteWriter();
    head.appendVarInt(block.length);
    whole.appendBytes(snappyCompress(block).subarray(head.getBytes().length));
  }
  return whole.getBytes();
}
