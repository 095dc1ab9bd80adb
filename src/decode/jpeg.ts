import { decodeBaselineJpeg } from './baseline-jpeg.js';
import { corruptSample } from './corrupt.js';
import type { Format, Header } from './header.js';
import { openJpeg } from './jpeg-open.js';
import { readTables } from './jpeg-tables.js';
import { walkJpeg } from './jpeg-walk.js';

/** JPEG: baseline, progressive, arithmetic, grey and CMYK, and the first picture of an MPO. The size is that of its frame. */
export const jpeg: Format = {
  name: 'jpeg',
  loader: 'VipsForeignLoadJpegBuffer',
  matches: (bytes) => bytes.length > 3 && bytes.readUIntBE(0, 3) === 0xffd8ff,
  read(bytes) {
    const opened = openJpeg(bytes);
    if (opened === null) return null;
    const { width, height, components } = opened;
    const header: Header = { width, height, decodesAll: false, isCmyk: components === 4 };
    const tables = readTables(bytes);
    if (tables === null) {
      check(bytes, header);
      return header;
    }
    return {
      ...header,
      // Of nearly all files the decoder sees on its way that they are sound; the others are walked through then.
      decode(same, box, limits) {
        const isEmpty = box.width === 0 || box.height === 0;
        const crop = isEmpty ? null : decodeBaselineJpeg(same, tables, box, limits);
        if (crop === null) check(same, header);
        return crop;
      },
    };
  },
};

/** Throws where Pillow refuses the file. What it takes, libvips takes too. */
function check(bytes: Buffer, { width, height }: Header): void {
  const walk = walkJpeg(bytes);
  if ('refused' in walk) throw corruptSample('data', `a JPEG file that libjpeg refuses: ${walk.refused}`);
  if (walk.frame.width !== width || walk.frame.height !== height)
    throw corruptSample('data', 'a JPEG file whose frame headers disagree');
}
