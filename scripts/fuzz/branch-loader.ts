import type { LoadHook } from 'node:module';
import { type Node, parse } from 'acorn';

/** Modules whose branches are counted: the project's own, and packages that parse and are modules. */
const watched = /\/dist\/src\/|\/node_modules\/(?:hyparquet|hyparquet-compressors|jose)\//;

/** A place in a text, and what is put there. */
type Insert = readonly [at: number, text: string];

let branches = 0;

/** Gives Node each watched module with a mark at the start of every branch, which tells `branchesReached` of it. */
export const load: LoadHook = async (url, context, nextLoad) => {
  const loaded = await nextLoad(url, context);
  if (loaded.format !== 'module' || !watched.test(url)) return loaded;
  return { ...loaded, source: withMarks(Buffer.from(loaded.source as Uint8Array).toString('utf8')) };
};

/** A module's text with its marks, on the lines on which it was. */
export function withMarks(source: string): string {
  const inserts: Insert[] = [];
  visit(parse(source, { ecmaVersion: 'latest', sourceType: 'module' }), inserts);
  // Stable: what opens first stays first, and what closes last stays last.
  inserts.sort(([one], [other]) => one - other);
  let text = '';
  let at = 0;
  for (const [to, inserted] of inserts) {
    text += source.slice(at, to) + inserted;
    at = to;
  }
  return text + source.slice(at);
}

function mark(): string {
  const branch = branches++;
  return `reachedBranches[${branch}]||reachBranch(${branch})`;
}

type Tree = Node & Readonly<Record<string, unknown>>;

/** Goes through a tree in the order of the text, and marks what may or may not be done. */
function visit(node: Tree | Node, inserts: Insert[]): void {
  const tree = node as Tree;
  for (const [name, child] of Object.entries(tree)) {
    if (name === 'type' || child === null || typeof child !== 'object') continue;
    for (const one of Array.isArray(child) ? child : [child]) {
      if (typeof one?.type !== 'string') continue;
      const kind = kindOf(tree, name);
      if (kind === null) visit(one, inserts);
      else marked(one, kind, inserts);
    }
  }
  if (tree.type === 'SwitchCase') {
    const [first] = tree.consequent as Node[];
    inserts.push([first?.start ?? tree.end, `${mark()};`]);
  }
}

type Kind = 'statement' | 'expression';

/** What a part of a node is that is not done each time the node is; null where it is none. */
function kindOf({ type }: Tree, part: string): Kind | null {
  switch (type) {
    case 'IfStatement':
      return part === 'test' ? null : 'statement';
    case 'ForStatement':
    case 'ForInStatement':
    case 'ForOfStatement':
    case 'WhileStatement':
    case 'DoWhileStatement':
    case 'CatchClause':
    case 'FunctionDeclaration':
    case 'FunctionExpression':
      return part === 'body' ? 'statement' : null;
    case 'ArrowFunctionExpression':
      return part === 'body' ? 'expression' : null;
    case 'ConditionalExpression':
      return part === 'test' ? null : 'expression';
    case 'LogicalExpression':
      return part === 'right' ? 'expression' : null;
    default:
      return null;
  }
}

function marked(node: Node, kind: Kind, inserts: Insert[]): void {
  if (node.type === 'BlockStatement') {
    inserts.push([node.start + 1, `${mark()};`]);
    visit(node, inserts);
    return;
  }
  inserts.push([node.start, kind === 'statement' ? `{${mark()};` : `(${mark()},`]);
  visit(node, inserts);
  inserts.push([node.end, kind === 'statement' ? '}' : ')']);
}
