import type { Term } from '../terms.ts';

/**
 * The expression of FTS5 (https://sqlite.org/fts5.html#full_text_query_syntax) for terms; undefined for none. Every value
 * stands in quotes: none is read as an operator.
 */
export function matchOf(terms: readonly Term[]): string | undefined {
  return terms.length === 0 ? undefined : terms.map(expression).join(' AND ');
}

function expression(term: Term): string {
  if (term.kind === 'facet') return `facets : ${quoted(term.word)}`;
  return `text : ${quoted(term.text)}${term.kind === 'beginning' ? ' *' : ''}`;
}

/** FTS5 reads a zero as the end of the expression. */
function quoted(text: string): string {
  return `"${text.replaceAll('\0', ' ').replaceAll('"', '""')}"`;
}
