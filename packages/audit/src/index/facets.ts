import { hash } from 'node:crypto';
import type { JsonValue } from '../record/canonical.ts';
import type { AuditRecord } from '../record/entry.ts';

/** What records are found by exactly; the letter begins the words that stand for it in the index. */
export const FACETS = {
  class: 'c',
  code: 'n',
  action: 'a',
  session: 's',
  user: 'u',
  host: 'h',
  outcome: 'o',
  resourceKind: 'k',
  resourceId: 'r',
  request: 'q',
} as const;

export type Facet = keyof typeof FACETS;

/** Bytes of a value that are its word in full; of a longer one it is the digest. */
const MAX_PLAIN_BYTES = 40;

/** The one word of letters and digits that a value is in the index: another value is another word. */
export function facetWord(facet: Facet, value: string): string {
  const bytes = Buffer.from(value);
  const word = bytes.length <= MAX_PLAIN_BYTES ? bytes.toString('hex') : `z${hash('sha256', bytes, 'hex')}`;
  return FACETS[facet] + word;
}

/** All words that a record is found by exactly. */
export function facetWords(record: AuditRecord): string {
  const { actor, resource, action } = record;
  const words: string[] = [
    facetWord('class', record.class),
    facetWord('code', record.code),
    facetWord('outcome', record.outcome),
    facetWord('user', actor.id),
  ];
  const add = (facet: Facet, value: string | undefined): void => {
    if (value !== undefined) words.push(facetWord(facet, value));
  };
  if (actor.on_behalf_of !== actor.id) add('user', actor.on_behalf_of);
  for (let dot = action.indexOf('.'); dot >= 0; dot = action.indexOf('.', dot + 1)) add('action', action.slice(0, dot));
  add('action', action);
  add('session', record.session_id);
  add('host', record.host);
  add('resourceKind', resource?.kind);
  add('resourceId', resource?.id);
  add('request', record.request_id);
  return words.join(' ');
}

/** What of a record words are sought in: all it says, but for digests and what it says about the journal. */
export function searchedText(record: AuditRecord): string {
  const { actor, resource, source } = record;
  const parts: string[] = [];
  const add = (value: string | undefined): void => {
    if (value !== undefined) parts.push(value);
  };
  for (const value of [record.action, record.code, actor.id, actor.on_behalf_of, record.reason]) add(value);
  for (const value of [resource?.kind, resource?.id, record.session_id, record.host, source?.address]) add(value);
  for (const value of [record.request_id, record.trace_id, record.subject, record.id]) add(value);
  if (record.details !== undefined) addLeaves(record.details, parts);
  return parts.join('\n');
}

function addLeaves(value: JsonValue, parts: string[]): void {
  if (typeof value === 'string') parts.push(value);
  else if (typeof value === 'number') parts.push(String(value));
  else if (typeof value === 'object' && value !== null) for (const each of Object.values(value)) addLeaves(each, parts);
}
