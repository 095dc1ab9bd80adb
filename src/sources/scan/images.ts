/**
 * The suffixes of the files that are samples, without their dot, in lower case: those of Ultralytics' `IMG_FORMATS`
 * (ultralytics/data/utils.py) and of torchvision's `IMG_EXTENSIONS` (datasets/folder.py) whose formats are decoded. What a file holds decides how.
 */
export const imageSuffixes: ReadonlySet<string> = new Set([
  'bmp',
  'jpeg',
  'jpg',
  'mpo',
  'pgm',
  'png',
  'ppm',
  'tif',
  'tiff',
  'webp',
]);

/** Suffixes of images that nothing here decodes. The first six are Ultralytics'. */
const otherImageSuffixes: ReadonlySet<string> = new Set([
  ...[
    'avif',
    'dng',
    'heic',
    'heif',
    'jp2',
    'jpeg2000',
    'pbm',
    'pnm',
    'gif',
    'jfif',
    'jpe',
    'jxl',
    'tga',
    'exr',
    'hdr',
    'psd',
    'svg',
  ],
  ...['cr2', 'cr3', 'nef', 'arw'],
]);

/** Whether a file's name says that it is an image of a format that is not read. */
export function hasOtherImageSuffix(name: string): boolean {
  return name.includes('.') && otherImageSuffixes.has(name.slice(name.lastIndexOf('.') + 1).toLowerCase());
}

/**
 * Whether a file's name ends in an image suffix, in any case. What counts as a suffix is decided as Python's
 * `PurePath.suffix` decides it: `.jpg` and `x.` have none.
 */
export function hasImageSuffix(name: string): boolean {
  const dot = name.lastIndexOf('.');
  const start = name.lastIndexOf('/') + 1;
  return dot > start && dot < name.length - 1 && imageSuffixes.has(name.slice(dot + 1).toLowerCase());
}
