/**
 * Checks the Python side: ruff's rules and form, by its WebAssembly build and with the settings of python/pyproject.toml, then
 * pyright, with the packages of /usr/bin/python3. `--fix` writes ruff's form. Ends with 1 where anything is found.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Diagnostic, PositionEncoding, Workspace } from '@astral-sh/ruff-wasm-nodejs';

const python = fileURLToPath(new URL('../../python', import.meta.url));
const program = 'import json, tomllib; print(json.dumps(tomllib.load(open("pyproject.toml", "rb"))["tool"]["ruff"]))';
const settings = JSON.parse(execFileSync('/usr/bin/python3', ['-c', program], { cwd: python, encoding: 'utf8' }));
const { 'per-file-ignores': ignored, ...lint } = settings.lint;
const ruff = {
  strict: workspace(lint),
  tests: workspace({ ...lint, ignore: [...lint.ignore, ...ignored['tests/*']] }),
};
const found: string[] = [];
for (const name of readdirSync(python, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.py'))) {
  const path = join(python, name);
  const text = readFileSync(path, 'utf8');
  const { check, format } = name.startsWith('tests') ? methods(ruff.tests) : methods(ruff.strict);
  for (const { code, message, start_location: at } of check(text))
    found.push(`python/${name}:${at.row}:${at.column} ${code} ${message}`);
  const formatted = format(text);
  if (formatted === text) continue;
  if (process.argv.includes('--fix')) writeFileSync(path, formatted);
  else found.push(`python/${name}: not in ruff's form; node dist/scripts/lint-python.js --fix writes it`);
}
for (const line of found) console.error(line);
const { status } = spawnSync('npx', ['--no-install', 'pyright', '--pythonpath', '/usr/bin/python3'], {
  cwd: python,
  stdio: 'inherit',
});
process.exitCode = found.length > 0 || status !== 0 ? 1 : 0;

function workspace(rules: object): Workspace {
  return new Workspace({ ...settings, lint: rules }, PositionEncoding.Utf16);
}

function methods(of: Workspace): { check(text: string): Diagnostic[]; format(text: string): string } {
  return { check: (text) => of.check(text) as Diagnostic[], format: (text) => of.format(text) };
}
