import { type Document, isCollection, isNode, isScalar, type Node, Scalar, visit, type YAMLError } from 'yaml';
import type { ConfigCode } from '../errors.ts';

/** What the parser has stumbled over, told where a person would look for it. Offsets of the text, `end` excluded. */
export interface Complaint {
  readonly code: ConfigCode;
  readonly start: number;
  readonly end: number;
  readonly reason: string;
  /** Nothing behind it was read as it was meant. */
  readonly isLast?: boolean;
}

/** Codes of the parser that have one of their own here; all others are CONFIG_SYNTAX. */
const CODES: Partial<Record<YAMLError['code'], ConfigCode>> = {
  TAB_AS_INDENT: 'CONFIG_TAB',
  BAD_INDENT: 'CONFIG_INDENT',
  MULTIPLE_DOCS: 'CONFIG_MULTIPLE_DOCUMENTS',
  RESOURCE_EXHAUSTION: 'CONFIG_DEPTH',
  TAG_RESOLVE_FAILED: 'CONFIG_YAML_UNSUPPORTED',
};

export function complaintOf(error: YAMLError, document: Document, text: string): Complaint {
  const [start, end] = error.pos;
  const reason = error.message.split('\n', 1)[0] ?? '';
  const tab = tabBefore(start, text);
  // The parser calls some of them a wrong indentation or an unexpected token.
  if (tab !== undefined) return { code: 'CONFIG_TAB', start: tab, end: tab + 1, reason, isLast: true };
  const opening = /^(?:Missing closing|Flow (?:map|sequence))/.test(reason)
    ? openingBefore(start, document, text)
    : undefined;
  if (opening !== undefined) return opening;
  if (error.code === 'BLOCK_AS_IMPLICIT_KEY') return nestedIn(start, end, text);
  if (error.code === 'BAD_SCALAR_START') {
    return {
      code: 'CONFIG_SYNTAX',
      start,
      end,
      reason: `Plain text cannot begin with \`${text[start]}\`: put it in quotes`,
    };
  }
  const code = CODES[error.code] ?? 'CONFIG_SYNTAX';
  if (code === 'CONFIG_MULTIPLE_DOCUMENTS') return { code, start, end: start + 3, reason };
  if (code === 'CONFIG_INDENT' && start === lineStartOf(start, text)) {
    const indented = start + indentOf(start, text).length;
    return { code, start: indented, end: Math.max(end, indented + 1), reason };
  }
  if (code === 'CONFIG_SYNTAX' && text.startsWith('${', start - 1)) {
    // In a flow collection the brace of a substitution begins a map.
    const closing = text.indexOf('}', start) + 1;
    return { code, start: start - 1, end: Math.max(end, closing), reason: '`${…}` within `{ }` or `[ ]` needs quotes' };
  }
  return { code, start, end, reason };
}

/** A tab in the indentation that ends at or behind `at`. */
function tabBefore(at: number, text: string): number | undefined {
  const lineStart = lineStartOf(at, text);
  const indent = indentOf(lineStart, text);
  return indent.includes('\t') && at <= lineStart + indent.length ? lineStart + indent.indexOf('\t') : undefined;
}

/** Deeper than any configuration; the visitor descends by recursion. */
const MAX_PATH = 256;

/** The quote, brace or bracket that is not closed: the last one before the place where the parser gave up. */
function openingBefore(at: number, document: Document, text: string): Complaint | undefined {
  let found: number | undefined;
  visit(document, (_key, node, path) => {
    if (path.length > MAX_PATH) return visit.SKIP;
    const start = isNode(node) && isOpen(node, text) ? node.range?.[0] : undefined;
    if (start !== undefined && start < at && (found === undefined || start > found)) found = start;
    return undefined;
  });
  if (found === undefined) return undefined;
  const sign = text[found] as string;
  const closing = { '{': '}', '[': ']' }[sign];
  const reason =
    closing === undefined ? 'The quote that begins here does not end' : `\`${sign}\` without its \`${closing}\``;
  return { code: 'CONFIG_SYNTAX', start: found, end: found + 1, reason, isLast: true };
}

function isOpen(node: Node, text: string): boolean {
  const [start, end] = node.range ?? [0, 0];
  const last = text[end - 1];
  if (isScalar(node)) {
    const isQuoted = node.type === Scalar.QUOTE_DOUBLE || node.type === Scalar.QUOTE_SINGLE;
    return isQuoted && (end - start < 2 || last !== text[start]);
  }
  return isCollection(node) && node.flow === true && last !== (text[start] === '{' ? '}' : ']');
}

/** A map where a plain text has begun: a colon within it, or a line below that is indented further. */
function nestedIn(start: number, end: number, text: string): Complaint {
  const lineEnd = (text.indexOf('\n', start) + 1 || text.length + 1) - 1;
  if (/:(?:\s|$)/.test(text.slice(start, lineEnd)) || lineEnd >= text.length) {
    return { code: 'CONFIG_SYNTAX', start, end, reason: '`: ` cannot stand within plain text: put it in quotes' };
  }
  const next = lineEnd + 1;
  const at = next + indentOf(next, text).length;
  return {
    code: 'CONFIG_INDENT',
    start: at,
    end: at + 1,
    reason: 'it is further in than the line above, which has a value already',
    isLast: true,
  };
}

function lineStartOf(at: number, text: string): number {
  return text.lastIndexOf('\n', at - 1) + 1;
}

function indentOf(lineStart: number, text: string): string {
  return /^[ \t]*/.exec(text.slice(lineStart, lineStart + 1_000))?.[0] ?? '';
}
