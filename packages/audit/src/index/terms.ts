import { auditError } from '../errors.ts';
import type { AuditPageQuery, AuditQuery } from './contract.ts';
import { type Facet, FACETS, facetWord } from './facets.ts';

/** Words and phrases of one query. */
const MAX_TERMS = 32;
const MAX_TEXT = 1_024;
/** Letters before a `*`: fewer would be half of all words. */
const MIN_PREFIX = 3;
const MAX_LIMIT = 1_000;
const DEFAULT_LIMIT = 100;

/** What words are made of: the categories that the tokenizer of SQLite takes (https://sqlite.org/fts5.html#unicode61_tokenizer). */
const WORD_CHARACTER = /[\p{L}\p{N}\p{Co}]/u;
const FIRST_TERM = /^\s*(?:"([^"]*)"?|([^\s"]+))/;

/**
 * What records have to have: the word of a facet; words that follow each other; the same, the last of which may go on. Text
 * is as it was asked for: what its words are is for the index to say.
 */
export type Term =
  | { readonly kind: 'facet'; readonly word: string }
  | { readonly kind: 'phrase' | 'beginning'; readonly text: string };

/** All that a query asks for, but its time. Raises AUDIT_QUERY_INVALID. */
export function termsOf(query: AuditQuery): readonly Term[] {
  const terms: Term[] = [];
  for (const facet of Object.keys(FACETS) as Facet[]) {
    const value = query[facet];
    if (value !== undefined) terms.push({ kind: 'facet', word: facetWord(facet, value) });
  }
  return query.text === undefined ? terms : [...terms, ...textTerms(query.text)];
}

function textTerms(text: string): readonly Term[] {
  if (text.length > MAX_TEXT) throw invalid('text', `up to ${MAX_TEXT} characters`);
  const terms: Term[] = [];
  for (let rest = text; ; ) {
    const found = FIRST_TERM.exec(rest);
    if (found === null) break;
    rest = rest.slice(found[0].length);
    const [, phrase, word] = found;
    const term = phrase === undefined ? wordTerm(word ?? '') : plainTerm(phrase);
    if (term !== undefined) terms.push(term);
  }
  if (terms.length === 0) throw invalid('text', 'words of letters or digits');
  if (terms.length > MAX_TERMS) throw invalid('text', `up to ${MAX_TERMS} words and phrases`);
  return terms;
}

function wordTerm(word: string): Term | undefined {
  if (!word.endsWith('*')) return plainTerm(word);
  const beginning = word.replace(/\*+$/, '');
  const letters = [...beginning].filter((character) => WORD_CHARACTER.test(character)).length;
  if (letters === 0) return undefined;
  if (letters < MIN_PREFIX) throw invalid('text', `at least ${MIN_PREFIX} letters before a *`);
  return { kind: 'beginning', text: beginning };
}

/** Undefined for what has no word in it: it would be found nowhere, or everywhere. */
function plainTerm(text: string): Term | undefined {
  return WORD_CHARACTER.test(text) ? { kind: 'phrase', text } : undefined;
}

/** What is asked of an index. */
export interface Find {
  readonly terms: readonly Term[];
  /** Numbers from `from` to before `to`. */
  readonly from: number;
  readonly to: number;
  readonly since: number;
  readonly until: number;
  readonly order: 'newest' | 'oldest';
  readonly limit: number;
}

/** Raises AUDIT_QUERY_INVALID. */
export function findOf(query: AuditPageQuery): Find {
  const { order = 'newest', limit = DEFAULT_LIMIT, after, since = 0, until = Number.MAX_SAFE_INTEGER } = query;
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) throw invalid('limit', `1 to ${MAX_LIMIT}`);
  if (after !== undefined && !Number.isSafeInteger(after)) throw invalid('after', 'a whole number');
  for (const [name, value] of [['since', since] as const, ['until', until] as const]) {
    if (!Number.isSafeInteger(value)) throw invalid(name, 'a time in ms since 1970');
  }
  const isNewest = order === 'newest';
  return {
    terms: termsOf(query),
    from: !isNewest && after !== undefined ? after + 1 : 0,
    to: isNewest && after !== undefined ? after : Number.MAX_SAFE_INTEGER,
    since,
    until,
    order,
    limit,
  };
}

function invalid(field: string, expected: string): Error {
  return auditError('AUDIT_QUERY_INVALID', { details: { field, expected } });
}
