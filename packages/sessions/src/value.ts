import { nearest, type RoundhouseError } from '@roundhouse/core';

/** Makes the error for what stands at `path`. */
type Refuse = (path: string, reason: string) => RoundhouseError;

/**
 * A value of unknown origin on its way through the door, with the path to it. What does not fit is refused with that
 * path; the value itself is never quoted, for it may be a secret put in the wrong place.
 */
export class Value {
  readonly raw: unknown;
  readonly path: string;
  readonly #refuse: Refuse;

  constructor(raw: unknown, path: string, refuse: Refuse) {
    this.raw = raw;
    this.path = path;
    this.#refuse = refuse;
  }

  get isAbsent(): boolean {
    return this.raw === undefined;
  }

  refusal(reason: string): RoundhouseError {
    return this.#refuse(this.path, reason);
  }

  /** The members of an object that may have these and no others; a member that is not there is absent. */
  members<K extends string>(names: readonly K[]): Readonly<Record<K, Value>> {
    const whole = this.record();
    for (const name of Object.keys(whole)) {
      if ((names as readonly string[]).includes(name)) continue;
      throw this.#refuse(`${this.path}.${name.slice(0, MAX_NAME_SHOWN)}`, `it is not known here${meant(name, names)}`);
    }
    return Object.fromEntries(names.map((name) => [name, this.member(name)])) as Record<K, Value>;
  }

  /** One member of an object. */
  member(name: string): Value {
    const whole = this.record();
    return new Value(Object.hasOwn(whole, name) ? whole[name] : undefined, `${this.path}.${name}`, this.#refuse);
  }

  /** An object whose members have names of their own. */
  record(): Readonly<Record<string, unknown>> {
    const { raw } = this;
    if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) throw this.#mistyped('an object');
    return raw as Record<string, unknown>;
  }

  list(min: number, max: number): Value[] {
    const { raw } = this;
    if (!Array.isArray(raw)) throw this.#mistyped('a list');
    if (raw.length < min || raw.length > max) throw this.refusal(`it has ${raw.length} entries, not ${min} to ${max}`);
    return raw.map((entry: unknown, index) => new Value(entry, `${this.path}[${index}]`, this.#refuse));
  }

  /** A string of `min` to `max` UTF-16 code units. */
  text(max: number, min = 1): string {
    const { raw } = this;
    if (typeof raw !== 'string') throw this.#mistyped('a string');
    if (raw.length < min || raw.length > max)
      throw this.refusal(`it has ${raw.length} characters, not ${min} to ${max}`);
    return raw;
  }

  integer(min: number, max: number): number {
    const { raw } = this;
    if (typeof raw !== 'number') throw this.#mistyped('a number');
    if (!Number.isInteger(raw) || raw < min || raw > max)
      throw this.refusal(`it is not a whole number from ${min} to ${max}`);
    return raw;
  }

  flag(): boolean {
    const { raw } = this;
    if (typeof raw !== 'boolean') throw this.#mistyped('true or false');
    return raw;
  }

  oneOf<W extends string>(words: readonly W[]): W {
    const raw = this.text(MAX_WORD_LENGTH);
    const word = words.find((each) => each === raw);
    if (word === undefined) throw this.refusal(`it is none of the known words${meant(raw, words)}`);
    return word;
  }

  /** What `read` makes of the value, or undefined when it is absent. */
  optional<T>(read: (value: Value) => T): T | undefined {
    return this.isAbsent ? undefined : read(this);
  }

  /** What `read` makes of the value, or null when it is null. */
  nullable<T>(read: (value: Value) => T): T | null {
    return this.raw === null ? null : read(this);
  }

  #mistyped(wanted: string): RoundhouseError {
    return this.refusal(this.isAbsent ? 'it is missing' : `it is not ${wanted}`);
  }
}

const MAX_WORD_LENGTH = 64;
/** A refusal names at most this much of a member that nobody knows. */
const MAX_NAME_SHOWN = 40;

function meant(name: string, known: readonly string[]): string {
  const word = nearest(name, known);
  return word === undefined ? '' : `; did you mean ${word}?`;
}
