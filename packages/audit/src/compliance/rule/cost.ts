import type { ASTNode } from '@marcbachmann/cel-js';

/** Those that go through a list; their first argument is a name. */
export const LOOPS: readonly string[] = ['all', 'exists', 'exists_one', 'filter', 'map'];

/** Entries of what a name stands for, `group.name`; 1 for what is no list. */
export type Lengths = (name: string) => number;

/** Names of loops, and how many entries what they stand for can have. */
type Variables = ReadonlyMap<string, number>;

const NONE: Variables = new Map();

/** Operators that go through lists. */
const LINEAR: ReadonlySet<string> = new Set(['in', '==', '!=', '+']);

/**
 * Steps that an evaluation takes at most: a node is one, a loop takes its body for each entry. Known before it begins, as
 * the lists are.
 */
export function stepsOf(node: ASTNode, lengths: Lengths, variables: Variables = NONE): number {
  const loop = loopOf(node);
  if (loop !== undefined) {
    const { receiver, variable, bodies } = loop;
    const inner = new Map([...variables, [variable, entryLength(receiver, lengths, variables)]]);
    const body = bodies.reduce((sum, each) => sum + stepsOf(each, lengths, inner), 1);
    return stepsOf(receiver, lengths, variables) + lengthOf(receiver, lengths, variables) * body;
  }
  const children = childrenOf(node);
  const own = LINEAR.has(node.op) ? children.reduce((sum, each) => sum + lengthOf(each, lengths, variables), 0) : 1;
  return children.reduce((sum, each) => sum + stepsOf(each, lengths, variables), own);
}

/** A loop over a list, by its parts. */
export function loopOf(
  node: ASTNode,
): { readonly receiver: ASTNode; readonly variable: string; readonly bodies: readonly ASTNode[] } | undefined {
  if (node.op !== 'rcall' || !LOOPS.includes(node.args[0])) return undefined;
  const [, receiver, [first, ...bodies]] = node.args;
  return first?.op === 'id' ? { receiver, variable: first.args, bodies } : undefined;
}

/** The nodes right below one. */
export function childrenOf(node: ASTNode): readonly ASTNode[] {
  return [node.args]
    .flat(4)
    .filter((part): part is ASTNode => typeof part === 'object' && part !== null && 'op' in part);
}

/** Entries that the value of a node can have. */
function lengthOf(node: ASTNode, lengths: Lengths, variables: Variables): number {
  const loop = loopOf(node);
  if (loop !== undefined) return lengthOf(loop.receiver, lengths, variables);
  switch (node.op) {
    case 'id':
      return variables.get(node.args) ?? 1;
    case '.':
      return nameOf(node, variables, lengths);
    case 'list':
      return Math.max(1, node.args.length);
    case '+':
    case '?:':
      return childrenOf(node).reduce((sum, each) => sum + lengthOf(each, lengths, variables), 0);
    case '[]':
      return entryLength(node.args[0], lengths, variables);
    default:
      return 1;
  }
}

function nameOf(node: ASTNode & { readonly op: '.' }, variables: Variables, lengths: Lengths): number {
  const [owner, name] = node.args;
  // Fields of an entry are no lists.
  return owner.op === 'id' && !variables.has(owner.args) ? lengths(`${owner.args}.${name}`) : 1;
}

/** Entries that an entry of a list can have: of facts and parameters it is none, of what an expression makes it may be one. */
function entryLength(list: ASTNode, lengths: Lengths, variables: Variables): number {
  if (list.op === '.') return 1;
  const names = namesIn(list).map(lengths);
  const literals = listsIn(list).map(({ args }) => args.length);
  return Math.max(
    1,
    ...variables.values(),
    ...literals,
    names.reduce((sum, each) => sum + each, 0),
  );
}

function namesIn(node: ASTNode): string[] {
  if (node.op === '.' && node.args[0].op === 'id') return [`${node.args[0].args}.${node.args[1]}`];
  return childrenOf(node).flatMap(namesIn);
}

function listsIn(node: ASTNode): Array<ASTNode & { readonly op: 'list' }> {
  return [...(node.op === 'list' ? [node] : []), ...childrenOf(node).flatMap(listsIn)];
}
