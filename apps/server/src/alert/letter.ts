import { eventDefinition } from '../event/catalogue.ts';
import type { JournalEvent } from '../event/record.ts';
import { TYPE_PREFIX } from '../event/record.ts';

/** What a person reads. */
export interface Letter {
  readonly subject: string;
  readonly text: string;
}

export interface LetterPlace {
  /** Name of the installation, e.g. that of its machine. */
  readonly source: string;
  /** How many events there were that do not stand in it. */
  readonly omitted: number;
}

/** Characters of one value that are shown. */
const MAX_VALUE = 200;
/** Controls, and marks that turn the direction of writing: none of them may play tricks on a reader. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** A message about events, the most serious first in its subject, in the order in which they happened in its text. */
export function letterOf(events: readonly JournalEvent[], { source, omitted }: LetterPlace): Letter {
  const [worst] = events.toSorted((a, b) => weightOf(b) - weightOf(a) || Number(a.id) - Number(b.id));
  const others = events.length - 1 + omitted;
  const about = worst === undefined ? 'nothing' : `${nameOf(worst)} ${clean(worst.subject)}`;
  const more = others > 0 ? ` and ${others} more` : '';
  const paragraphs = events.map(paragraphOf);
  if (omitted > 0) paragraphs.push(`${omitted} more events are left out: \`roundhouse watch\` shows all of them.`);
  return { subject: `[${clean(source)}] ${about}${more}`, text: `${paragraphs.join('\n\n')}\n` };
}

function paragraphOf(event: JournalEvent): string {
  const { time, subject, id, data } = event;
  const definition = eventDefinition(event.type);
  const facts = Object.entries(data).map(([name, value]) => `  ${clean(name)}: ${clean(shown(value))}`);
  const head = `${time}  ${(definition?.severity ?? 'info').toUpperCase()}  ${nameOf(event)}  ${clean(subject)}`;
  return [head, `  ${definition?.summary ?? ''}`, ...facts, `  event: ${id}`].join('\n');
}

function nameOf({ type }: JournalEvent): string {
  return type.slice(TYPE_PREFIX.length);
}

function weightOf({ type }: JournalEvent): number {
  return { info: 0, warning: 1, error: 2 }[eventDefinition(type)?.severity ?? 'info'];
}

function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE)}…` : text;
}

function clean(text: string): string {
  return text.replace(UNSAFE, ' ');
}
