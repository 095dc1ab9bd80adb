import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { acquireDevice, provideWebGpu, type WebGpu } from './device.js';

/** What a WebGPU device is, or why there is none, in one line. */
export type Probed = Pick<WebGpu, 'description' | 'isSoftware'> | { readonly missing: string };

const self = fileURLToPath(new URL('./device-probe.js', import.meta.url));
/** A driver that takes longer is of no use to a replica. Milliseconds. */
const patience = 30_000;

/**
 * Asks for a WebGPU device in a process of its own. Dawn, the Vulkan loader and its drivers write to standard error what they
 * please, and a driver may crash: neither reaches this process, and what they said is in the answer.
 */
export async function probeDevice(): Promise<Probed> {
  const child: ChildProcess = spawn(process.execPath, [self], { stdio: ['ignore', 'pipe', 'pipe'], timeout: patience });
  const said = { stdout: '', stderr: '' };
  // Where the process may open no more files, there is none.
  for (const name of ['stdout', 'stderr'] as const)
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      said[name] += text;
    });
  const ended = await new Promise<string>((resolve) => {
    child.once('error', ({ message }) => resolve(message));
    child.once('close', (code, signal) => resolve(`its probe ended with ${signal ?? `code ${code}`}`));
  });
  const answer = said.stdout === '' ? { missing: ended } : (JSON.parse(said.stdout) as Probed);
  if (!('missing' in answer) || said.stderr === '') return answer;
  return { missing: `${answer.missing} (it said: ${oneLine(said.stderr)})` };
}

function oneLine(text: string): string {
  const lines = text.split('\n').map((line) => line.trim());
  return lines.filter((line) => line !== '' && !line.startsWith('at ')).join('; ');
}

if (process.argv[1] === self) {
  await provideWebGpu();
  const answer: Probed = await acquireDevice().then(
    ({ description, isSoftware }) => ({ description, isSoftware }),
    (error: unknown) => ({
      missing: oneLine(error instanceof Error ? error.message : String(error)).replace(/\.$/, ''),
    }),
  );
  // Dawn's own threads would keep it alive.
  process.stdout.write(JSON.stringify(answer), () => process.exit());
}
