import { existsSync, readdirSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';

const library = '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1';

/** Why clocks cannot jump here, or false where they can. */
export const noClocks: string | false = existsSync(library) ? false : 'libfaketime is not installed';

/** An environment whose processes see the wall clock that a file says, and the monotonic one as it is. */
export function clockEnvironment(file: string): NodeJS.ProcessEnv {
  if (noClocks !== false) return {};
  return {
    LD_PRELOAD: library,
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_CACHE_DURATION: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    NO_FAKE_STAT: '1',
  };
}

/** Takes away what libfaketime leaves in /dev/shm of processes that were killed: another one of the same number could not start. */
export function sweepClocks(): void {
  for (const name of noClocks === false ? readdirSync('/dev/shm') : []) {
    const process = /^(?:sem\.)?faketime_s(?:hm|em)_(\d+)$/.exec(name)?.[1];
    if (process !== undefined && !existsSync(`/proc/${process}`)) rmSync(`/dev/shm/${name}`, { force: true });
  }
}

/** Sets a clock so many seconds off. */
export async function setClock(file: string, seconds: number): Promise<void> {
  await writeFile(file, `${seconds < 0 ? '' : '+'}${Math.round(seconds)}`);
}
