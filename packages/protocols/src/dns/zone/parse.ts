import { isRoundhouseError } from '@roundhouse/core';
import { CLASSES, QUESTION_TYPES } from '../message/codes.ts';
import { MAX_TTL, parseSeconds, writeTextData } from '../message/dataText.ts';
import { MAX_MESSAGE_BYTES } from '../message/message.ts';
import { parseName, type WireName } from '../message/name.ts';
import { RECORD_TYPES, typeCode } from '../message/types.ts';
import { MessageWriter } from '../message/writer.ts';
import { type Entry, EntryReader, type Word } from './entries.ts';
import type { ZoneFault, ZoneRecord } from './record.ts';

export interface ZoneParserOptions {
  /** Name that names are relative to until `$ORIGIN` says another. */
  readonly origin: WireName;
  /** For messages. */
  readonly file: string;
  /** Gives the text of a file that `$INCLUDE` names, or throws. Without it the directive is refused. */
  readonly include?: ((path: string) => string) | undefined;
  readonly maxRecords: number;
  readonly onRecord: (record: ZoneRecord) => void;
  readonly onFault: (fault: ZoneFault) => void;
}

/** Bytes of data that a message can hold, beside its header, a question and an owner. */
const MAX_DATA_BYTES = MAX_MESSAGE_BYTES - 12 - 2 * 255;
/** Files within files. */
const MAX_DEPTH = 8;
/** What reads a zone gives way to others after so many entries. */
const ENTRIES_A_STEP = 1_000;
const LONGEST_QUOTE = 80;

/** RFC 1035 §3.2.4, RFC 3597 §5. */
const classNames = new Map<string, number>(
  (
    [
      ['IN', CLASSES.IN],
      ['CH', CLASSES.CH],
      ['HS', CLASSES.HS],
    ] as const
  ).flatMap(([name, code]) => [
    [name, code],
    [`CLASS${code}`, code],
  ]),
);

/**
 * Reads a zone file (RFC 1035 §5, RFC 2308 §4, RFC 3597 §5), a step at a time. Every fault is told with its place, and
 * reading goes on behind it.
 */
export class ZoneParser {
  readonly #options: ZoneParserOptions;
  readonly #writer = new MessageWriter(MAX_DATA_BYTES);
  #origin: WireName;
  #owner: WireName | undefined;
  /** Of `$TTL`. */
  #defaultTtl: number | undefined;
  /** The last that was written. RFC 1035 §5.1. */
  #lastTtl: number | undefined;
  #records = 0;
  #file: string;

  constructor(options: ZoneParserOptions) {
    this.#options = options;
    this.#origin = options.origin;
    this.#file = options.file;
  }

  /** Between its steps the caller may do other things. */
  *read(text: string, depth = 0): Generator<undefined, void, undefined> {
    const reader = new EntryReader(text, ({ reason, ...place }) => this.#fault(place, reason));
    let count = 0;
    for (let entry = reader.next(); entry !== undefined; entry = reader.next()) {
      if (this.#records >= this.#options.maxRecords) {
        this.#fault(entry.words[0] as Word, `the zone has more than ${this.#options.maxRecords} records`);
        return;
      }
      const [first] = entry.words;
      if (first !== undefined && first.text.startsWith('$') && !first.isQuoted && !entry.isContinued) {
        yield* this.#directive(entry, depth);
      } else this.#record(entry);
      count += 1;
      if (count % ENTRIES_A_STEP === 0) yield;
    }
  }

  *#directive({ words }: Entry, depth: number): Generator<undefined, void, undefined> {
    const [directive, argument, second] = words as readonly [Word, ...Word[]];
    const name = directive.text.toUpperCase();
    if (!['$ORIGIN', '$TTL', '$INCLUDE'].includes(name))
      return this.#fault(directive, `there is no directive ${shown(directive)}`);
    if (argument === undefined) return this.#fault(directive, `behind ${name} something is missing`);
    const extra = words[name === '$INCLUDE' ? 3 : 2];
    if (extra !== undefined) return this.#fault(extra, `there is more behind ${name}: ${shown(extra)}`);
    if (name === '$ORIGIN') {
      this.#origin = this.#name(argument) ?? this.#origin;
    } else if (name === '$TTL') {
      const seconds = parseSeconds(argument.text);
      if (seconds === undefined)
        return this.#fault(argument, `${shown(argument)} is no time from 0 to ${MAX_TTL} seconds`);
      this.#defaultTtl = seconds;
    } else yield* this.#include(directive, argument, second, depth);
  }

  /** RFC 1035 §5.1: the origin within the file has no effect outside of it. */
  *#include(
    directive: Word,
    path: Word,
    origin: Word | undefined,
    depth: number,
  ): Generator<undefined, void, undefined> {
    const { include } = this.#options;
    if (include === undefined) return this.#fault(directive, '$INCLUDE is not allowed here');
    if (depth >= MAX_DEPTH) return this.#fault(directive, `more than ${MAX_DEPTH} files within one another`);
    const outer = { origin: this.#origin, owner: this.#owner, file: this.#file };
    const inner = origin === undefined ? this.#origin : this.#name(origin);
    if (inner === undefined) return;
    let text: string;
    try {
      text = include(path.text);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return this.#fault(path, `${shown(path)} cannot be read: ${reason}`);
    }
    this.#origin = inner;
    this.#file = path.text;
    yield* this.read(text, depth + 1);
    this.#origin = outer.origin;
    this.#owner = outer.owner;
    this.#file = outer.file;
  }

  #record({ words, isContinued }: Entry): void {
    const [first] = words as readonly [Word, ...Word[]];
    let at = 0;
    if (!isContinued) {
      // An owner that is wrong must not pass its records to the one before.
      this.#owner = this.#name(first);
      at = 1;
      if (this.#owner === undefined) return;
    }
    const owner = this.#owner;
    if (owner === undefined) return this.#fault(first, 'there is no owner before this to go on with');
    let ttl: number | undefined;
    let hasClass = false;
    for (let word = words[at]; word !== undefined; word = words[at]) {
      const seconds = ttl === undefined && /^\d/.test(word.text) ? parseSeconds(word.text) : undefined;
      const ofClass = hasClass ? undefined : classNames.get(word.text.toUpperCase());
      if (seconds !== undefined) ttl = seconds;
      else if (ofClass !== undefined) {
        if (ofClass !== CLASSES.IN) return this.#fault(word, `the class ${shown(word)} is not served, only IN`);
        hasClass = true;
      } else break;
      at += 1;
    }
    const typeWord = words[at];
    if (typeWord === undefined) return this.#fault(words.at(-1) as Word, 'the type of the record is missing');
    const type = typeCode(typeWord.text);
    if (type === undefined) return this.#fault(typeWord, `there is no type ${shown(typeWord)}`);
    if (isForQuestions(type)) return this.#fault(typeWord, `no record has the type ${shown(typeWord)}`);
    const data = this.#data(type, typeWord, words.slice(at + 1));
    if (data === undefined) return;
    const resolved = ttl ?? this.#defaultTtl ?? this.#lastTtl ?? minimumOf(type, data);
    if (resolved === undefined) return this.#fault(typeWord, 'it has no TTL, and no $TTL stands before it');
    this.#lastTtl = ttl ?? this.#lastTtl;
    this.#records += 1;
    this.#options.onRecord({ owner, type, ttl: resolved, data, place: this.#place(first) });
  }

  #data(type: number, typeWord: Word, words: readonly Word[]): Uint8Array | undefined {
    const position = { word: 0 };
    this.#writer.reset(MAX_DATA_BYTES);
    try {
      writeTextData(type, words, this.#origin, this.#writer, position);
    } catch (error) {
      if (!isRoundhouseError(error)) throw error;
      this.#fault(words[position.word] ?? words.at(-1) ?? typeWord, reasonOf(error.details));
      return undefined;
    }
    if (!this.#writer.isFull) return this.#writer.copy();
    this.#fault(typeWord, `its data has more than ${MAX_DATA_BYTES} bytes`);
    return undefined;
  }

  #name(word: Word): WireName | undefined {
    if (word.text === '@' && !word.isQuoted) return this.#origin;
    try {
      return parseName(word.text, this.#origin);
    } catch (error) {
      if (!isRoundhouseError(error)) throw error;
      this.#fault(word, reasonOf(error.details));
      return undefined;
    }
  }

  #place({ line, column }: { line: number; column: number }) {
    return { file: this.#file, line, column };
  }

  #fault(at: { line: number; column: number }, reason: string): void {
    this.#options.onFault({ place: this.#place(at), reason });
  }
}

/** RFC 6895 §3.1: OPT, and 128 to 255, are for questions and for messages. */
function isForQuestions(type: number): boolean {
  return type === 0 || type === 41 || (type >= 128 && type <= QUESTION_TYPES.ANY);
}

/** A SOA that has no TTL has its own minimum, as BIND does. */
function minimumOf(type: number, data: Uint8Array): number | undefined {
  if (type !== RECORD_TYPES.SOA.code) return undefined;
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).readUInt32BE(data.byteLength - 4);
}

function reasonOf({ name, type, reason }: Readonly<Record<string, unknown>>): string {
  return `${typeof name === 'string' ? `${name.slice(0, LONGEST_QUOTE)} is no name: ` : `${String(type)}: `}${String(reason)}`;
}

function shown({ text }: Word): string {
  return text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE)}…` : text;
}
