// The last step of `npm run build`: node dist/scripts/join-modules.js
// Joins the modules of which the command, its threads and its processes begin, with those of packages, into few files in
// dist/src/start: to find, read and link hundreds of them is most of what a start costs. What is imported later stays apart.
// The compiled modules stay beside them, for tests and for the package's exports.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Where each begins. A module asks for the file of another by its name beside itself: they lie in one folder, as deep as a room. */
const begins = [
  'cli/program',
  'batch/sample-worker',
  'augment/gpu/device-probe',
  'augment/gpu/device-worker',
  'decode/native-process',
  'positions/position-thread',
  'runs/inline-thread',
  'sources/row-thread',
  'sources/scan/thread',
];
/** Packages that bring native code, start files of their own, or are asked for as CommonJS where they are needed at all. */
const apart = ['sharp', 'webgpu', 'gpu.js', 'piscina', '@aws-sdk/client-s3'];

/** Packages of gRPC read .proto files beside their code, which stay where they are. */
const besideTheirCode: Plugin = {
  name: 'files beside the code of packages',
  setup: ({ onLoad }) =>
    onLoad({ filter: /\/node_modules\/(@grpc\/|grpc-health-check\/).*\.js$/ }, ({ path }) => {
      const name = JSON.stringify(path.slice(path.lastIndexOf('/node_modules/') + '/node_modules/'.length));
      const folder = `require("node:path").dirname(require.resolve(${name}))`;
      return { contents: readFileSync(path, 'utf8').replaceAll('__dirname', folder) };
    }),
};

const folder = join(root, 'dist/src/start');
rmSync(folder, { recursive: true, force: true });
const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: begins.map((name) => `dist/src/${name}.js`),
  entryNames: '[name]',
  outdir: folder,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  external: apart,
  // Packages written for CommonJS ask for Node's own modules by it.
  banner: {
    js: "import { createRequire as requireHere } from 'node:module'; const require = requireHere(import.meta.url);",
  },
  sourcemap: 'linked',
  sourcesContent: false,
  legalComments: 'none',
  metafile: true,
  plugins: [besideTheirCode],
  logLevel: 'warning',
});
writeFileSync(join(folder, 'LICENCES.txt'), licences(Object.keys(metafile.inputs)));

// `tsc` alone writes this file anew, and the command begins from the compiled modules until the next whole build.
const main = join(root, 'dist/src/cli/main.cjs');
const begin = "import('./program.js')";
const text = readFileSync(main, 'utf8');
if (!text.includes(begin)) throw new Error(`expected ${begin} in ${relative(root, main)}: run tsc before this`);
writeFileSync(main, text.replace(begin, "import('../start/program.js')"));

/** The licences of the packages that these files come from, as they ask for where they are copied. */
function licences(files: readonly string[]): string {
  const packages = new Set(files.flatMap((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file) ?? []));
  return [...packages]
    .sort()
    .map((path) => {
      const { name, version, license } = JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8'));
      const texts = readdirSync(join(root, path))
        .filter((file) => /^(licen[cs]e|notice|copying)/i.test(file))
        .map((file) => readFileSync(join(root, path, file), 'utf8').trim());
      return [`${name} ${version} (${license})`, ...texts].join('\n\n');
    })
    .join(`\n\n${'-'.repeat(80)}\n\n`);
}
