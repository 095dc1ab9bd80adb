import { isMainThread } from 'node:worker_threads';
import sharp from 'sharp';
import { formats } from './formats.js';
import './room.js';

/**
 * Blocks every loader of libvips but those of the formats that are decoded. libvips has one list for a whole process, and
 * there is a moment when all are blocked: a thread that set it while another decodes would have that sample taken for
 * corrupt. So the main thread alone sets it, and must import this before it starts threads that decode.
 */
if (isMainThread) {
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({ operation: formats.flatMap(({ loader }) => loader ?? []) });
}
