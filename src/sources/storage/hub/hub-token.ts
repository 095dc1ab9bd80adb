import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** The hub's token as its own tools find it: `HF_TOKEN`, else the file of `hf auth login`; null where there is none. */
export async function hubToken(env: NodeJS.ProcessEnv = process.env): Promise<string | null> {
  const home = env.HF_HOME ?? join(env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'huggingface');
  const token = env.HF_TOKEN ?? (await readFile(env.HF_TOKEN_PATH ?? join(home, 'token'), 'utf8').catch(() => ''));
  return token.trim() || null;
}
