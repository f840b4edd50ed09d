import { RCODES } from '../message/codes.ts';
import type { DecodedMessage, ResourceRecord } from '../message/message.ts';
import type { QuestionType } from '../message/types.ts';
import type { Known } from './cache.ts';

/** Aliases that are followed altogether. */
const MAX_ALIASES = 16;

/** What a message says of a name: an answer, or where it leads without one. */
export interface Reading {
  readonly known: Known;
  /** The chain of aliases ends at a name that the message says nothing of: it is to be asked for. */
  readonly isOpen: boolean;
}

/**
 * Reads what a message has for a name, along its aliases; anything else in it is passed over (RFC 5452 §6). Undefined for
 * a chain that is too long or goes round in a circle.
 */
export function readAnswer(name: string, type: QuestionType, message: DecodedMessage): Reading | undefined {
  const { answers } = message;
  const aliases: string[] = [];
  let current = name;
  let ttl = Infinity;
  for (;;) {
    const owner = current;
    const records = answers
      .filter((record) => isOwner(record, owner) && (type === 'ANY' || record.data.type === type))
      // The question went out in a case of no meaning.
      .map((record) => ({ ...record, name: owner }));
    if (records.length > 0) {
      ttl = Math.min(ttl, ...records.map((record) => record.ttl));
      return { known: { rcode: 'NOERROR', records, name: current, aliases, ttl }, isOpen: false };
    }
    const alias = answers.find((record) => isOwner(record, owner) && record.data.type === 'CNAME');
    if (alias === undefined || alias.data.type !== 'CNAME') break;
    ttl = Math.min(ttl, alias.ttl);
    aliases.push(current);
    current = alias.data.target.toLowerCase();
    if (aliases.length > MAX_ALIASES || aliases.includes(current)) return undefined;
  }
  const rcode = message.rcode === RCODES.NXDOMAIN ? 'NXDOMAIN' : 'NOERROR';
  const negative = negativeTtl(message);
  // Without a SOA nothing says that there is none (RFC 2308 §2.2), after an alias least of all.
  const isOpen = aliases.length > 0 && rcode === 'NOERROR' && negative === 0;
  return { known: { rcode, records: [], name: current, aliases, ttl: Math.min(ttl, negative) }, isOpen };
}

function isOwner(record: ResourceRecord, name: string): boolean {
  return record.name.length === name.length && record.name.toLowerCase() === name;
}

/** RFC 2308 §5; 0 for what is not to be kept. */
function negativeTtl({ authorities }: DecodedMessage): number {
  for (const { data, ttl } of authorities) if (data.type === 'SOA') return Math.min(ttl, data.minimum);
  return 0;
}
