/** What the later rooms use of this one. */
export { checkManifest } from './check.js';
export { type IndexOptions, type IndexReport, indexSource } from './index-source.js';
export { layouts, locateSource, type SourceOptions } from './layouts.js';
export type { Label, Layout, Location, Manifest } from './manifest.js';
export { loadManifest, manifestPath } from './manifest-file.js';
export { openOrIndexSource, openSource } from './open-source.js';
export type { Progress } from './progress.js';
export { fileStorage, type ReadOptions, readSample, type SampleStorage } from './read.js';
export type { ManifestDetails, StoredManifest } from './stored-manifest.js';
