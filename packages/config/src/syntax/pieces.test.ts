import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isCollection, isNode, isPair, isScalar, parseDocument, visit, type Document } from 'yaml';
import { readDocument } from './pieces.ts';

const WHOLE = {
  version: '1.2',
  schema: 'core',
  merge: false,
  uniqueKeys: false,
  resolveKnownTags: false,
  prettyErrors: false,
  logLevel: 'error',
} as const;

/** Every node with its kind, place and value, and all that was found wrong. */
function shapeOf(document: Document): unknown {
  const nodes: unknown[] = [];
  visit(document, (key, node) => {
    if (isPair(node) || !isNode(node)) return;
    const value = isScalar(node) ? node.value : undefined;
    const kind = isCollection(node) ? node.constructor.name : 'leaf';
    nodes.push([key, kind, node.range, value, node.tag, 'anchor' in node ? node.anchor : undefined]);
  });
  return { nodes, faults: [...document.errors, ...document.warnings].map(({ code, pos }) => [code, pos]) };
}

const item = (index: number): string => `  - { id: e${index}, port: ${3000 + index} }`;
const list = (length: number, each = item): string => Array.from({ length }, (_, index) => each(index)).join('\n');

describe('reading a list in pieces', () => {
  it.each([
    ['a short list', `endpoints:\n${list(3)}\n`],
    ['a long list', `endpoints:\n${list(100)}\n`],
    ['two long lists', `endpoints:\n${list(40)}\ngroups:\n${list(33)}\n`],
    ['a list between maps', `a: 1\nendpoints:\n${list(40)}\nb: { c: 2 }\n`],
    [
      'items over several lines',
      `endpoints:\n${list(50, (n) => `  - id: e${n}\n    labels:\n      - a\n      - b: ${n}`)}\n`,
    ],
    [
      'comments and blank lines',
      `# top\nendpoints:\n${list(50, (n) => `\n  # number ${n}\n${item(n)} # end`)}\n# after\n`,
    ],
    [
      'items of many lines of text',
      `endpoints:\n${list(30, (n) => `  - id: e${n}\n    text: |\n      one\n\n      two ${n}`)}\n`,
    ],
    ['lists in the items', `endpoints:\n${list(30, () => '  - - 1\n    - 2')}\n`],
    ['items that are empty', `endpoints:\n${list(30, () => '  -')}\n`],
    ['an anchor before its alias, in another piece', `endpoints:\n  - &x { id: a }\n${list(40)}\n  - *x\n`],
    ['an alias of nothing', `endpoints:\n${list(40)}\n  - *nothing\n`],
    ['a fault in a late item', `endpoints:\n${list(40)}\n  - { id: [ }\n`],
    ['a fault in an early item', `endpoints:\n  - "x\n${list(40)}\n`],
    ['wrong indentation', `endpoints:\n${list(40)}\n - { id: b }\n`],
    ['a list at the top', `${list(40, (n) => `- ${n}`)}\n`],
    ['two documents', `endpoints:\n${list(40)}\n---\nendpoints:\n${list(40)}\n`],
    ['a second document that is a list', `endpoints:\n${list(40)}\n---\n${list(40, (n) => `- ${n}`)}\n`],
    ['a directive', `%YAML 1.2\n---\nendpoints:\n${list(40)}\n...\n`],
    ['a key twice', `endpoints:\n${list(20)}\nendpoints:\n${list(20)}\n`],
    ['no line end', `endpoints:\n${list(40)}`],
    ['line ends of DOS', `endpoints:\n${list(40)}\n`.replaceAll('\n', '\r\n')],
    ['nothing', ''],
  ])('gives what reading it whole gives: %s', (_name, text) => {
    expect(shapeOf(readDocument(text))).toEqual(shapeOf(parseDocument(text, WHOLE) as Document));
  });

  it('gives what reading it whole gives, of whatever is broken in a list', () => {
    const text = `endpoints:\n${list(30)}\nb: 1\n`;
    const scrap = fc.constantFrom('\n', ' ', '- ', ': ', '{', ']', '"', '*a', '&a ', '#', '---\n', '\t', '|', 'x');
    fc.assert(
      fc.property(fc.nat(text.length), fc.nat(6), scrap, (at, cut, put) => {
        const changed = text.slice(0, at) + put + text.slice(at + cut);
        expect(shapeOf(readDocument(changed))).toEqual(shapeOf(parseDocument(changed, WHOLE) as Document));
      }),
      { numRuns: 400 },
    );
  });
});
