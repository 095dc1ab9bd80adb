/** What the later rooms use of this one. */

export { type IndexOptions, type IndexReport, indexSource } from './index-source.js';
export { layouts, locateSource, type SourceOptions } from './layouts.js';
export { checkManifest } from './manifest/check.js';
export type { Label, Layout, Location, Manifest } from './manifest/manifest.js';
export { loadManifest, manifestPath } from './manifest/manifest-file.js';
export type { ManifestDetails, StoredManifest } from './manifest/stored-manifest.js';
export { openOrIndexSource, openSource } from './open-source.js';
export type { Progress } from './scan/progress.js';
export { fileStorage, type ReadOptions, readSample, type SampleStorage } from './storage/read.js';
