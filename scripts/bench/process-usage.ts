import { readdirSync, readFileSync } from 'node:fs';

const ticksPerSecond = 100;

/** CPU seconds of a process, as Linux counts them. */
export interface Usage {
  /** Of the process, all its threads, its children, and their children. */
  readonly all: number;
  /** Of the process's first thread alone. */
  readonly firstThread: number;
}

/** Reads `/proc/PID/stat`: parent, own CPU seconds, and those of children that have ended. */
export function parseStat(text: string): { readonly parent: number; readonly own: number; readonly ended: number } {
  // The name in parentheses may itself hold spaces and parentheses.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const seconds = (first: number) => (Number(fields[first]) + Number(fields[first + 1])) / ticksPerSecond;
  return { parent: Number(fields[1]), own: seconds(11), ended: seconds(13) };
}

/** CPU seconds that a process and its descendants have used so far. */
export function usageOf(pid: number): Usage {
  const table = new Map<number, ReturnType<typeof parseStat>>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      table.set(Number(name), parseStat(readFileSync(`/proc/${name}/stat`, 'utf8')));
    } catch {
      // It ended meanwhile, and counts among its parent's ended children.
    }
  }
  const isDescendant = (candidate: number): boolean => {
    for (let at = candidate; table.has(at); at = table.get(at)!.parent) if (at === pid) return true;
    return false;
  };
  let all = 0;
  for (const [candidate, { own, ended }] of table) if (isDescendant(candidate)) all += own + ended;
  const thread = parseStat(readFileSync(`/proc/${pid}/task/${pid}/stat`, 'utf8'));
  return { all, firstThread: thread.own };
}
