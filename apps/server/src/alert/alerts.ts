import { type Clock, createScope, isRoundhouseError, type Logger, type Scope } from '@roundhouse/core';
import { type BackoffStep, exponentialBackoff, type Random } from '@roundhouse/resilience';
import type { Store } from '@roundhouse/store';
import { eventDefinition } from '../event/catalogue.ts';
import type { EventJournal } from '../event/journal.ts';
import type { JournalEvent } from '../event/record.ts';
import { typeFilter } from '../event/typeFilter.ts';
import { type Letter, letterOf } from './letter.ts';

export interface AlertsOptions {
  /** Types wanted; default: every event whose severity is `error`. */
  readonly events?: readonly string[];
  /** Name of the installation in subjects. */
  readonly source: string;
  /** No letter sooner than this after the one before, ms. Default 60,000. */
  readonly intervalMs?: number;
}

export interface AlertsDependencies {
  readonly journal: Pick<EventJournal, 'read' | 'range' | 'watch'>;
  readonly store: Pick<Store, 'get' | 'commit'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** What letters tell of an event. Default: all of it. */
  readonly shown?: (event: JournalEvent) => JournalEvent;
  /** Resolves when the letter is in the hands of a mail server. */
  readonly send: (letter: Letter, scope: Scope) => Promise<void>;
}

interface AlertsStatus {
  readonly sent: number;
  /** Attempts that failed since the last letter that went. */
  readonly failures: number;
  /** Code of the last failure; null when the last letter went. */
  readonly error: string | null;
}

export interface Alerts extends AsyncDisposable {
  status(): AlertsStatus;
  /** Idempotent. What is not sent is sent after the next start. */
  close(): Promise<void>;
}

const KIND = 'alert_position';
const ID = 'mail';
/** Events of one letter; of the others it says how many there are. */
const MAX_EVENTS = 50;
const READ = 500;
/** What belongs together mostly happens together, ms. */
const SETTLE_MS = 2_000;
const SEND_MS = 120_000;
const RETRY = exponentialBackoff({ initialMs: 1_000, maxMs: 300_000 });

/**
 * Sends letters about events. The first goes at once, the next ones no more often than the interval allows, with all
 * that happened meanwhile. How far it has come is durable behind each letter: after a crash a letter may come twice, and
 * none is left out that the journal still keeps.
 */
export function startAlerts(options: AlertsOptions, deps: AlertsDependencies): Alerts {
  return new MailAlerts(options, deps);
}

/** Which types, with their prefix, letters tell of. */
export function alertFilter({ events }: Pick<AlertsOptions, 'events'>): (type: string) => boolean {
  return events === undefined ? (type) => eventDefinition(type)?.severity === 'error' : typeFilter(events);
}

class MailAlerts implements Alerts {
  readonly #source: string;
  readonly #intervalMs: number;
  readonly #isWanted: (type: string) => boolean;
  readonly #deps: AlertsDependencies;
  readonly #scope: Scope;
  readonly #leave: () => void;
  readonly #running: Promise<void>;
  #wake: (() => void) | undefined;
  #sent = 0;
  #failures = 0;
  #error: string | null = null;

  constructor({ source, intervalMs = 60_000, events }: AlertsOptions, deps: AlertsDependencies) {
    this.#source = source;
    this.#intervalMs = intervalMs;
    this.#isWanted = alertFilter(events === undefined ? {} : { events });
    this.#deps = deps;
    this.#scope = createScope({ clock: deps.clock });
    this.#leave = deps.journal.watch((event) => {
      if (this.#wants(event)) this.#wake?.();
    });
    this.#running = this.#run();
  }

  status(): AlertsStatus {
    return { sent: this.#sent, failures: this.#failures, error: this.#error };
  }

  async close(): Promise<void> {
    this.#leave();
    this.#scope.end();
    await this.#running;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #run(): Promise<void> {
    const { log } = this.#deps;
    try {
      let position = await this.#persistently(() => this.#position());
      for (;;) {
        position = await this.#persistently(() => this.#untilWanted(position));
        await this.#scope.sleep(SETTLE_MS);
        const { events, omitted, upTo } = await this.#persistently(() => this.#collect(position));
        const { shown = (event: JournalEvent) => event } = this.#deps;
        const letter = letterOf(events.map(shown), { source: this.#source, omitted });
        await this.#persistently(() => this.#send(letter));
        await this.#persistently(() => this.#save(upTo));
        position = upTo;
        log.info('alert sent', { events: events.length + omitted });
        await this.#scope.sleep(Math.max(0, this.#intervalMs - SETTLE_MS));
      }
    } catch (error) {
      if (!this.#scope.signal.aborted) log.error('alerts have ended', { reason: String(error) });
    }
  }

  /** Tries without end, with longer and longer pauses. */
  async #persistently<T>(attempt: () => Promise<T>): Promise<T> {
    let backoff: BackoffStep | typeof RETRY = RETRY;
    for (;;) {
      try {
        const result = await attempt();
        this.#failures = 0;
        this.#error = null;
        return result;
      } catch (error) {
        this.#scope.throwIfEnded();
        this.#failures += 1;
        this.#error = isRoundhouseError(error) ? error.code : 'INTERNAL';
        const step: BackoffStep = backoff.next(this.#deps.random);
        const facts = { code: this.#error, reason: String(error), retry_ms: Math.round(step.delayMs) };
        this.#deps.log.warn('an alert could not be sent', facts);
        await this.#scope.sleep(step.delayMs);
        backoff = step;
      }
    }
  }

  /** Where the last letter ended; at the first start nothing of the past is told. */
  async #position(): Promise<number> {
    const after = (await this.#deps.store.get(KIND, ID))?.value['after'];
    const { last } = this.#deps.journal.range();
    if (typeof after === 'number' && after <= last) return after;
    await this.#save(last);
    return last;
  }

  async #save(after: number): Promise<void> {
    await this.#deps.store.commit({ writes: [{ op: 'put', kind: KIND, id: ID, value: { after }, expect: 'any' }] });
  }

  /** Resolves with the place before the first event that is wanted. */
  async #untilWanted(position: number): Promise<number> {
    let after = position;
    for (;;) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      const events = await this.#deps.journal.read(after, READ);
      const first = events.find((event) => this.#wants(event));
      if (first !== undefined) return Number(first.id) - 1;
      const last = events.at(-1);
      if (last === undefined) await this.#scope.race(promise);
      else after = Number(last.id);
    }
  }

  /** All that is wanted behind a place, up to now. */
  async #collect(position: number): Promise<{ events: JournalEvent[]; omitted: number; upTo: number }> {
    const { last } = this.#deps.journal.range();
    const events: JournalEvent[] = [];
    let omitted = 0;
    let upTo = position;
    while (upTo < last) {
      const read = await this.#deps.journal.read(upTo, READ);
      for (const event of read) {
        if (!this.#wants(event)) continue;
        if (events.length < MAX_EVENTS) events.push(event);
        else omitted += 1;
      }
      upTo = Number(read.at(-1)?.id ?? last);
    }
    return { events, omitted, upTo };
  }

  async #send(letter: Letter): Promise<void> {
    using sending = this.#scope.child({ what: 'Sending an alert', timeoutMs: SEND_MS });
    await this.#deps.send(letter, sending);
    this.#sent += 1;
  }

  #wants({ type }: JournalEvent): boolean {
    return this.#isWanted(type);
  }
}
