import sharp from 'sharp';
import { formats } from './formats.js';

/**
 * Blocks every loader of libvips but those of the formats that are decoded. There is one list for a whole process, and whoever decodes
 * with sharp imports this first.
 */
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({ operation: formats.flatMap(({ loader }) => loader ?? []) });
