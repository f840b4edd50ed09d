import { isRoundhouseError, type Logger, type Scope } from '@roundhouse/core';
import { exponentialBackoff, type Random, retry } from '@roundhouse/resilience';
import type { DeliveryLog, NewDelivery } from '@roundhouse/store';
import type { EventJournal } from '../event/journal.ts';
import type { Receiver } from './receiver.ts';
import { type Message, toMessage } from './message.ts';
import type { JournalEvent } from '../event/record.ts';

export interface IntakeDependencies {
  readonly journal: Pick<EventJournal, 'read' | 'range' | 'publish'>;
  readonly deliveries: DeliveryLog;
  readonly clock: { now(): number };
  readonly random: Random;
  readonly log: Logger;
  readonly scope: Scope;
  readonly receivers: ReadonlyMap<string, Receiver>;
}

/** Events read, and deliveries made, in one transaction. */
const MAX_EVENTS = 500;
const MAX_DELIVERIES = 2_000;
/** Attempts to write, in effect without end. */
const ATTEMPTS = 1_000_000;
const RETRY = exponentialBackoff({ initialMs: 50, maxMs: 5_000 });

/**
 * Turns events into deliveries, each once: deliveries and how far the events are taken over are one transaction.
 * Receivers that stand at the same event are served together, those that lag behind a part at a time after them.
 */
export class Intake {
  readonly #deps: IntakeDependencies;
  #running: Promise<void> | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #isWanted = false;

  constructor(deps: IntakeDependencies) {
    this.#deps = deps;
  }

  /** There may be something to take over. */
  kick(): void {
    this.#isWanted = true;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      if (this.#isWanted && !this.#deps.scope.signal.aborted) this.kick();
    });
  }

  /** Resolves when the transaction that is under way is over: what was taken out of the receivers is then left alone. */
  async turnOver(): Promise<void> {
    await this.#turn;
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    const { scope, log } = this.#deps;
    try {
      while (this.#isWanted && !scope.signal.aborted) {
        this.#isWanted = false;
        for (const group of this.#groups()) {
          const receivers = group.filter((receiver) => this.#deps.receivers.get(receiver.id) === receiver);
          if (receivers.length === 0) continue;
          const turn = this.#take(receivers);
          this.#turn = turn.catch(() => {});
          if (await turn) this.#isWanted = true;
        }
      }
    } catch (error) {
      if (scope.signal.aborted) return;
      log.error('events can not be taken over', { reason: String(error) });
      await scope.sleep(1_000).catch(() => {});
      this.#isWanted = true;
    }
  }

  /** Receivers with something to take over, by where they stand, the foremost first. */
  #groups(): Array<readonly Receiver[]> {
    const { last } = this.#deps.journal.range();
    const groups = new Map<number, Receiver[]>();
    for (const receiver of this.#deps.receivers.values()) {
      if (receiver.cursor >= last || !receiver.hasRoom) continue;
      const group = groups.get(receiver.cursor);
      if (group === undefined) groups.set(receiver.cursor, [receiver]);
      else group.push(receiver);
    }
    return [...groups].sort(([a], [b]) => b - a).map(([, group]) => group);
  }

  /** Takes some events over for receivers that stand at the same one. False when there were none. */
  async #take(receivers: readonly Receiver[]): Promise<boolean> {
    const { journal, deliveries, random, scope } = this.#deps;
    const cursor = receivers[0]?.cursor ?? 0;
    const limit = Math.max(1, Math.min(MAX_EVENTS, Math.floor(MAX_DELIVERIES / receivers.length)));
    const events = await journal.read(cursor, limit);
    const last = Number(events.at(-1)?.id ?? journal.range().first - 1);
    if (last <= cursor) return false;
    this.#tellMissed(receivers, cursor, Number(events[0]?.id ?? last + 1) - 1);
    const wanted = this.#wanted(events, receivers);
    let isUncertain = false;
    const operation = async (): Promise<void> => {
      if (isUncertain) {
        await Promise.all(receivers.map((receiver) => receiver.resync()));
        // It was written, though its answer did not arrive.
        if (receivers.every((receiver) => receiver.cursor >= last)) return;
      }
      const cursors = Object.fromEntries(receivers.map(({ id }) => [id, last]));
      const made = Map.groupBy(await deliveries.enqueue(wanted, cursors), ({ receiver }) => receiver);
      for (const receiver of receivers) receiver.accept(made.get(receiver.id) ?? [], last);
    };
    const isRetryable = (error: unknown): boolean => {
      isUncertain = true;
      this.#deps.log.error('deliveries can not be stored', {
        code: isRoundhouseError(error) ? error.code : 'INTERNAL',
      });
      return true;
    };
    await retry(operation, { attempts: ATTEMPTS, backoff: RETRY, isRetryable }, scope, { random });
    return true;
  }

  #wanted(events: readonly JournalEvent[], receivers: readonly Receiver[]): NewDelivery[] {
    const nextAttemptAt = this.#deps.clock.now();
    const wanted: NewDelivery[] = [];
    for (const event of events) {
      let message: Message | undefined;
      for (const receiver of receivers) {
        if (!receiver.wants(event)) continue;
        message ??= toMessage(event);
        wanted.push({ receiver: receiver.id, nextAttemptAt, ...message });
      }
    }
    return wanted;
  }

  /** Events behind the cursor up to `to` are no longer kept. */
  #tellMissed(receivers: readonly Receiver[], cursor: number, to: number): void {
    if (to <= cursor) return;
    for (const receiver of receivers) {
      if (receiver.isDisabled) continue;
      const data = { from: cursor + 1, to, count: to - cursor };
      this.#deps.log.error('a webhook misses events', { webhook: receiver.id, ...data });
      this.#deps.journal.publish('webhook.events_missed', receiver.id, data);
    }
  }
}
