import { isRoundhouseError } from '@roundhouse/core';
import type pg from 'pg';
import { storeError } from '../errors.ts';
import { turn } from '../slices.ts';
import { change, type Queryable, query, transaction } from './connection.ts';

/** Writes that may wait for their turn. */
const MAX_WAITING = 10_000;
/** Writes of one transaction. */
const MAX_GROUP = 200;
/** Where writers tell the watchers of all processes. */
export const CHANNEL = 'roundhouse_revision';

/** The store while a transaction writes: what its one row says, for it alone. */
export interface Session {
  readonly client: Queryable;
  /** ms since 1970 by the clock of the server. */
  readonly now: number;
  revision: number;
  compacted: number;
  lastSequence: number;
  lastDelivery: number;
}

/** A value, or what an input was refused with. */
export type Outcome<O> = { readonly value: O } | { readonly refusal: unknown };

/** Does writes of one sort together; answers in their order. What it raises undoes all of them. */
export type Batch<I, O> = (session: Session, inputs: readonly I[]) => Promise<ReadonlyArray<Outcome<O>>>;

interface Waiting {
  /** Writes of one sort have the same. */
  readonly batch: Batch<never, unknown>;
  readonly input: unknown;
  readonly settle: (outcome: Outcome<unknown>) => void;
}

/**
 * Puts the writes that wait into one transaction, those of one sort into one set of statements: round trips and the end
 * of a transaction are what costs. All are told when it has ended well.
 */
export class Writer {
  readonly #pool: pg.Pool;
  readonly #onAdvance: () => void;
  #waiting: Waiting[] = [];
  #draining: Promise<void> | undefined;

  /** `onAdvance` is called after each transaction that made a revision. */
  constructor(pool: pg.Pool, onAdvance: () => void) {
    this.#pool = pool;
    this.#onAdvance = onAdvance;
  }

  /** Resolves when the write is durable. Raises STORE_BUSY, what the batch refuses with, and what the server does. */
  write<I, O>(batch: Batch<I, O>, input: I): Promise<O> {
    if (this.#waiting.length >= MAX_WAITING) {
      return Promise.reject(storeError('STORE_BUSY', { details: { waiting: this.#waiting.length } }));
    }
    return new Promise((resolve, reject) => {
      const settle = (outcome: Outcome<unknown>): void => {
        if ('refusal' in outcome) reject(outcome.refusal);
        else resolve(outcome.value as O);
      };
      this.#waiting.push({ batch, input, settle });
      this.#draining ??= this.#drain();
    });
  }

  /** Resolves when nothing waits any more. */
  async finish(): Promise<void> {
    await this.#draining;
  }

  async #drain(): Promise<void> {
    // What is asked for in the same turn of the event loop goes along.
    await turn();
    while (this.#waiting.length > 0) {
      const group = this.#waiting.slice(0, MAX_GROUP);
      this.#waiting = this.#waiting.slice(MAX_GROUP);
      await this.#run(group);
    }
    this.#draining = undefined;
  }

  /** Never rejects: what fails is told to those who wait. */
  async #run(group: readonly Waiting[]): Promise<void> {
    try {
      const { outcomes, hasAdvanced } = await transaction(this.#pool, (client) => write(client, group));
      for (const [waiting, outcome] of outcomes) waiting.settle(outcome);
      if (hasAdvanced) this.#onAdvance();
    } catch (error) {
      if (group.length === 1 || (isRoundhouseError(error) && error.code === 'STORE_UNAVAILABLE')) {
        for (const { settle } of group) settle({ refusal: error });
        return;
      }
      // One of them is at fault; which one, each on its own shows.
      for (const waiting of group) await this.#run([waiting]);
    }
  }
}

async function write(
  client: Queryable,
  group: readonly Waiting[],
): Promise<{ readonly outcomes: ReadonlyMap<Waiting, Outcome<unknown>>; readonly hasAdvanced: boolean }> {
  const session = await open(client);
  const before = { ...session };
  const outcomes = new Map<Waiting, Outcome<unknown>>();
  for (const [batch, members] of Map.groupBy(group, (waiting) => waiting.batch)) {
    const made = await batch(
      session,
      members.map(({ input }) => input as never),
    );
    for (const [index, member] of members.entries()) outcomes.set(member, made[index] as Outcome<unknown>);
  }
  await close(session, before);
  return { outcomes, hasAdvanced: session.revision !== before.revision };
}

/** Waits until no other transaction, of whatever process, writes. */
async function open(client: Queryable): Promise<Session> {
  const [state] = await query<Omit<Session, 'client'>>(
    client,
    `SELECT revision, compacted, last_sequence AS "lastSequence", last_delivery AS "lastDelivery", now_ms() AS now
     FROM state FOR UPDATE`,
  );
  return { ...(state as Omit<Session, 'client'>), client };
}

async function close(session: Session, before: Session): Promise<void> {
  const { client, revision, compacted, lastSequence, lastDelivery } = session;
  const isSame =
    revision === before.revision &&
    compacted === before.compacted &&
    lastSequence === before.lastSequence &&
    lastDelivery === before.lastDelivery;
  if (isSame) return;
  await change(client, 'UPDATE state SET revision = $1, compacted = $2, last_sequence = $3, last_delivery = $4', [
    revision,
    compacted,
    lastSequence,
    lastDelivery,
  ]);
  // Sent by the server when the transaction ends, and not at all when it fails.
  if (revision !== before.revision) await query(client, 'SELECT pg_notify($1, $2)', [CHANNEL, `${revision}`]);
}

/** For writes that are not worth putting together: one after the other, each with what it returns. */
export function oneByOne<I, O>(work: (session: Session, input: I) => Promise<O>): Batch<I, O> {
  return async (session, inputs) => {
    const outcomes: Array<Outcome<O>> = [];
    for (const input of inputs) outcomes.push({ value: await work(session, input) });
    return outcomes;
  };
}
