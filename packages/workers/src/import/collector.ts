import { type WorkerInput, workerInputSchema } from '@roundhouse/api';
import { workerError } from '../errors.ts';

/** What could be taken over from another supervisor. */
export interface Imported {
  /** Each fits the schema of workers. */
  readonly workers: readonly WorkerInput[];
  /** What could not, or means something else here: one sentence each, with the name of the worker and the key. */
  readonly notes: readonly string[];
}

/** Largest text that is read, UTF-16 units. */
const MAX_LENGTH = 1_048_576;
const MAX_WORKERS = 10_000;
const MAX_ID_LENGTH = 64;

/** `line` counts from 1. */
export function importInvalid(format: string, reason: string, line?: number, hint?: string): Error {
  const details = { format, reason, ...(line !== undefined && { line }) };
  return workerError('IMPORT_INVALID', { details, ...(hint !== undefined && { hint }) });
}

/** Raises IMPORT_INVALID for more than 1 MiB. */
export function checkLength(format: string, text: string): void {
  if (text.length > MAX_LENGTH) throw importInvalid(format, 'it is longer than 1 MiB');
}

/** One worker in the making. */
export class Draft {
  /** Its name there. */
  readonly name: string;
  readonly worker: WorkerInput;
  readonly #notes: string[];

  constructor(name: string, id: string, notes: string[]) {
    this.name = name;
    this.worker = { id };
    this.#notes = notes;
  }

  note(key: string, why: string): void {
    this.#notes.push(`${this.worker.id}: \`${key}\` ${why}`);
  }

  set<K extends keyof WorkerInput>(field: K, value: WorkerInput[K]): void {
    this.worker[field] = value;
  }

  /** Puts more into a field that has parts. */
  extend<K extends 'restart' | 'stop' | 'limits' | 'logs' | 'environment'>(field: K, parts: WorkerInput[K]): void {
    this.worker[field] = { ...this.worker[field], ...parts } as WorkerInput[K];
  }
}

/** Gathers workers and notes; sees to it that ids are unique and that each worker fits the schema. */
export class Collector {
  readonly #format: string;
  readonly #drafts = new Map<string, Draft>();
  readonly #ids = new Set<string>();
  readonly #notes: string[] = [];

  constructor(format: string) {
    this.#format = format;
  }

  note(text: string): void {
    this.#notes.push(text);
  }

  /** A worker of this name; one that was used already is made another. Raises IMPORT_INVALID for too many. */
  begin(name: string): Draft {
    if (this.#ids.size >= MAX_WORKERS) throw importInvalid(this.#format, `it has more than ${MAX_WORKERS} workers`);
    const id = this.#unusedId(name);
    this.#ids.add(id);
    const draft = new Draft(name, id, this.#notes);
    if (id !== name) draft.note('name', `was ${JSON.stringify(name)}`);
    if (!this.#drafts.has(name)) this.#drafts.set(name, draft);
    else this.#drafts.set(`${name}\0${id}`, draft);
    return draft;
  }

  /** The worker that has this name there. */
  named(name: string): Draft | undefined {
    return this.#drafts.get(name);
  }

  finish(): Imported {
    const workers = [...this.#drafts.values()].map((draft) => fitted(draft));
    return { workers, notes: this.#notes };
  }

  #unusedId(name: string): string {
    const base = idOf(name);
    let id = base;
    for (let number = 2; this.#ids.has(id); number++) {
      const suffix = `-${number}`;
      id = base.slice(0, MAX_ID_LENGTH - suffix.length) + suffix;
    }
    return id;
  }
}

/** The nearest name that an id may be. */
export function idOf(name: string): string {
  const id = name.replaceAll(/[^A-Za-z0-9._-]+/g, '-').replace(/^[^A-Za-z0-9]+/, '');
  return id.slice(0, MAX_ID_LENGTH) || 'worker';
}

/** Leaves out what the schema refuses, and tells of it. */
function fitted(draft: Draft): WorkerInput {
  let worker: WorkerInput = draft.worker;
  for (let depth = 2; depth >= 1; depth--) {
    const { error } = workerInputSchema.safeParse(worker);
    for (const { path, message } of error?.issues ?? []) {
      const place = path.slice(0, depth).map(String);
      if (place.length > 0 && place[0] !== 'id') {
        draft.note(path.join('.'), `is left out: ${message}`);
        worker = without(worker, place);
      }
    }
  }
  return workerInputSchema.parse(worker);
}

function without<T>(value: T, [key = '', ...rest]: readonly string[]): T {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return value;
  // Elements of lists go with the list: the others would move.
  if (rest.length > 0 && !Array.isArray((value as Record<string, unknown>)[key])) {
    return { ...value, [key]: without((value as Record<string, unknown>)[key], rest) };
  }
  return Object.fromEntries(Object.entries(value).filter(([name]) => name !== key)) as T;
}
