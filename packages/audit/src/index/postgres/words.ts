import { hash } from 'node:crypto';
import type { AuditRecord } from '../../record/entry.ts';
import { facetWords, searchedText } from '../facets.ts';
import type { Term } from '../terms.ts';

/** Longest word that is kept as it is, in characters: a lexeme of PostgreSQL has up to 2,046 bytes. */
const MAX_WORD = 500;
/** Begins the words of facets, which no word of a text can begin with. */
const FACET = '=';

/**
 * The words of a text, without case and accents. PostgreSQL's own parser makes hosts, addresses and numbers of some, and other
 * words with each dictionary: here the same text has the same words everywhere, those that the index in SQLite has too.
 */
function wordsOf(text: string): readonly string[] {
  const folded = text
    .normalize('NFD')
    .replace(/\p{Mn}/gu, '')
    .toLowerCase();
  const words = folded.match(/[\p{L}\p{N}\p{Co}]+/gu) ?? [];
  return words.map((word) => (word.length <= MAX_WORD ? word : `z${hash('sha256', word)}`));
}

/**
 * A tsvector (PostgreSQL 15, §8.11.1) of a record, as text: facets without places, words with theirs. PostgreSQL keeps places up
 * to 16,383, and 255 of each word: what is behind them is found as a word, not within a phrase.
 */
export function vectorOf(record: AuditRecord): string {
  const places = new Map<string, number[]>();
  for (const [index, word] of wordsOf(searchedText(record)).entries()) {
    const known = places.get(word);
    if (known === undefined) places.set(word, [index + 1]);
    else known.push(index + 1);
  }
  const words = [...places].map(([word, at]) => `'${word}':${at.join(',')}`);
  const facets = facetWords(record)
    .split(' ')
    .map((word) => `'${FACET}${word}'`);
  return [...facets, ...words].join(' ');
}

/** A tsquery (§8.11.2) for terms; undefined when one of them has no words, and nothing is found. */
export function queryOf(terms: readonly Term[]): string | undefined {
  const parts: string[] = [];
  for (const term of terms) {
    const words = term.kind === 'facet' ? [`${FACET}${term.word}`] : wordsOf(term.text);
    if (words.length === 0) return undefined;
    parts.push(`(${words.map((word) => `'${word}'`).join(' <-> ')}${term.kind === 'beginning' ? ':*' : ''})`);
  }
  return parts.join(' & ');
}
