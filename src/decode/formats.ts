import { bmp } from './bmp.js';
import { gif } from './gif.js';
import type { Format } from './header.js';
import { jpeg } from './jpeg.js';
import { png } from './png.js';
import { ppm } from './ppm.js';
import { tiff } from './tiff.js';
import { webp } from './webp.js';

/**
 * The allow-list. A format stands here when its decoding has been shown to equal Pillow's; docs/exactness.md says why
 * others do not.
 */
export const formats: readonly Format[] = [jpeg, png, webp, gif, bmp, tiff, ppm];
