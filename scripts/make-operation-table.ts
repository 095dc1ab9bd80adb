// Writes the table of operations by backend into docs/backends.md, from the registry: node dist/scripts/make-operation-table.js
import { readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gpuOperation } from '../src/augment/gpu/codes.js';
import { operationNames } from '../src/augment/operations/index.js';
import type { OperationName } from '../src/sample/draw.js';

/** The page that holds the table. */
export const page = fileURLToPath(new URL('../../docs/backends.md', import.meta.url));

const [begin, end] = ['<!-- operations -->\n', '<!-- /operations -->\n'];

function onDevice(name: OperationName): string {
  const gpu = gpuOperation(name);
  if (gpu === undefined) return '';
  if (gpu.kind === 'pixel') return gpu.takesMean ? 'pixel, after a mean' : 'pixel';
  return gpu.kind;
}

/** `text` with the table that the registry gives between its markers. */
export function withTable(text: string): string {
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`expected ${begin.trim()} and ${end.trim()} in ${page}`);
  const rows = operationNames.map((name) => {
    const device = onDevice(name);
    return `| ${[name, 'yes', device, device, device].join(' | ')} |\n`;
  });
  const head = '| operation | `simd` | `webgpu` | `webasm` | `cpu` |\n|---|---|---|---|---|\n';
  return text.slice(0, from) + begin + head + rows.join('') + text.slice(to);
}

if (realpathSync(process.argv[1]!) === fileURLToPath(import.meta.url))
  writeFileSync(page, withTable(readFileSync(page, 'utf8')));
