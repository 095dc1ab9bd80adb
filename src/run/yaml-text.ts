import { isAlias, isMap, isScalar, isSeq, LineCounter, type Pair, parseDocument, type YAMLMap } from 'yaml';
import { TributaryError } from '../errors.js';
import type { Place } from './problems.js';

/** A YAML text's value, and where its parts stand. */
export interface YamlText extends Place {
  readonly value: unknown;
}

/**
 * Parses one YAML 1.2 document; JSON is YAML too. Anchors and merge keys (`<<`) work.
 *
 * @param name what messages call the text.
 * @throws TributaryError CONFIG_UNREADABLE with line and column of the first mistake.
 */
export function parseYaml(text: string, name: string): YamlText {
  const lines = new LineCounter();
  const document = guarded(name, () => parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true }));
  const mistake = document.errors[0] ?? document.warnings[0];
  if (mistake !== undefined) {
    const { line, col } = lines.linePos(mistake.pos[0]);
    throw unreadable(mistake.message, `${name}, line ${line}, column ${col}`, { line: `${line}`, column: `${col}` });
  }
  const pairs = new Map<YAMLMap, Map<string, Pair>>();
  const pairOf = (node: YAMLMap, key: PropertyKey): Pair | undefined => {
    const known = pairs.get(node) ?? new Map<string, Pair>();
    if (!pairs.has(node)) {
      pairs.set(node, known);
      for (const item of node.items)
        if (isScalar(item.key) && !known.has(String(item.key.value))) known.set(String(item.key.value), item);
    }
    return known.get(String(key));
  };
  const lineOf = (path: readonly PropertyKey[]): number | undefined => {
    let node: unknown = document.contents;
    let offset: number | undefined;
    for (const key of path) {
      if (isAlias(node)) node = node.resolve(document);
      if (isMap(node)) {
        const pair = pairOf(node, key);
        if (pair === undefined) break;
        offset = isScalar(pair.key) ? (pair.key.range?.[0] ?? offset) : offset;
        node = pair.value;
      } else if (isSeq(node)) {
        const item = node.items[Number(key)] as { range?: readonly number[] } | undefined;
        offset = item?.range?.[0] ?? offset;
        node = item;
      } else break;
    }
    return offset === undefined ? undefined : lines.linePos(offset).line;
  };
  return { value: guarded(name, () => document.toJS()), name, lineOf };
}

/** The parser throws on nesting too deep for the stack and on aliases that multiply. */
function guarded<T>(name: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    throw unreadable(cause instanceof Error ? cause.message : String(cause), name, {}, cause);
  }
}

function unreadable(mistake: string, where: string, metadata: Record<string, string>, cause?: unknown): TributaryError {
  const sentence = mistake.split('\n', 1)[0]!.replace(/[.:]$/, '');
  return new TributaryError('CONFIG_UNREADABLE', {
    expected: 'YAML',
    came: `a mistake (${where}): ${sentence}`,
    remedy: 'Correct the syntax there; indentation is of spaces, and every key stands once',
    metadata,
    cause,
  });
}
