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
/** Longest part of a name that is told. */
const MAX_SHOWN = 128;

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
  /** Of an id that was wanted again, the number to try next. */
  readonly #nextNumbers = new Map<string, number>();
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
    if (id !== name) draft.note('name', `was ${JSON.stringify(name.slice(0, MAX_SHOWN))}`);
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
    let number = this.#nextNumbers.get(base) ?? 2;
    for (; this.#ids.has(id); number++) {
      const suffix = `-${number}`;
      id = base.slice(0, MAX_ID_LENGTH - suffix.length) + suffix;
    }
    this.#nextNumbers.set(base, number);
    return id;
  }
}

/** The nearest name that an id may be. */
export function idOf(name: string): string {
  const id = name.replaceAll(/[^A-Za-z0-9._-]+/g, '-').replace(/^[^A-Za-z0-9]+/, '');
  return id.slice(0, MAX_ID_LENGTH) || 'worker';
}

/** Leaves out what the schema refuses, and tells of it: parts of a field first, then, if that does not do, all of it. */
function fitted(draft: Draft): WorkerInput {
  let worker: WorkerInput = draft.worker;
  for (const isWhole of [false, true]) {
    const refused = new Map<string, Set<string>>();
    for (const { path, message } of workerInputSchema.safeParse(worker).error?.issues ?? []) {
      draft.note(path.join('.'), `is left out: ${message}`);
      const [field = '', part = ''] = path.map(String);
      refused.set(field, (refused.get(field) ?? new Set()).add(isWhole ? '' : part));
    }
    if (refused.size > 0) worker = without(worker, refused);
  }
  return workerInputSchema.parse(worker);
}

/** `refused`: parts of fields; the part '' is all of it. Elements of lists go with the list, for the others would move. */
function without(worker: WorkerInput, refused: ReadonlyMap<string, ReadonlySet<string>>): WorkerInput {
  const fields = Object.entries(worker).flatMap(([field, value]): [string, unknown][] => {
    const parts = refused.get(field);
    if (parts === undefined) return [[field, value]];
    if (parts.has('') || typeof value !== 'object' || Array.isArray(value)) return [];
    return [[field, Object.fromEntries(Object.entries(value).filter(([part]) => !parts.has(part)))]];
  });
  return Object.fromEntries(fields) as WorkerInput;
}
