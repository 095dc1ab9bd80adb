import { MessageChannel } from 'node:worker_threads';

/** Smaller memory may be Node's shared pool, which is 8 KiB or, from Node 24 on, 64 KiB; it is left to the collector. */
const leastBytes = Math.max(64 * 1024, Buffer.poolSize + 1);

const { port1: nowhere, port2 } = new MessageChannel();
port2.close();
nowhere.close();

/**
 * Frees the memory of `bytes` at once, by giving it to a port that leads nowhere: the collector judges by the small heap of a thread
 * and lets hundreds of MB of files and crops stand. Nobody may read them any more. Memory that others own, such as sharp's,
 * and small memory are left alone. Node 20 has no `ArrayBuffer.prototype.transfer`, which would say it better.
 */
export function discard(bytes: ArrayBufferView): void {
  const { buffer } = bytes;
  if (buffer instanceof ArrayBuffer && buffer.byteLength >= leastBytes) nowhere.postMessage(null, [buffer]);
}
