import { lookup } from 'node:dns/promises';
import type { EventRecord } from '@roundhouse/api';
import { type Clock, createScope, type Logger, type Scope, type Timer } from '@roundhouse/core';
import { createRateLimit, type Random, type RateLimit } from '@roundhouse/resilience';
import type { DeliveryFilter, JsonObject, Store } from '@roundhouse/store';
import type { EventJournal } from '../event/journal.ts';
import type { JournalEvent } from '../event/record.ts';
import { blockList } from './addressRule.ts';
import type { AttemptResult } from './client.ts';
import { type DisabledReason, removeCondition } from './condition.ts';
import { resolveDefinition, type Settings, type WebhookDefinition } from './definition.ts';
import { webhookError } from './errors.ts';
import type { Resolve } from './guard.ts';
import { Intake } from './intake.ts';
import { openReceiver, type Receiver, type ReceiverDependencies, type ReceiverStatus } from './receiver.ts';
import { Recorder } from './recorder.ts';

export interface WebhooksOptions {
  /** `User-Agent` of the messages. Default `Roundhouse`. */
  readonly userAgent?: string;
  /** Ranges of addresses that the operator opens for all webhooks. */
  readonly allowedRanges?: readonly string[];
  /** PEM of authorities to trust besides the public ones. */
  readonly ca?: readonly string[];
  /** Attempts a second to each receiver, 1 … 100,000. Default 5,000. */
  readonly ratePerSecond?: number;
  /** Webhooks at most. Default 1,000. */
  readonly maxWebhooks?: number;
  /** Pending deliveries of a webhook from which on its events wait in the journal. Default 10,000. */
  readonly maxPending?: number;
  /** How long deliveries are kept that are delivered or dead. Default 30 days. */
  readonly keepMs?: number;
}

export interface WebhooksDependencies {
  readonly store: Store;
  readonly journal: Pick<EventJournal, 'publish' | 'watch' | 'read' | 'range'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Looks up a `secret://` reference. */
  readonly secrets: (reference: string) => Promise<string>;
  /** All addresses of a name. Default: as the system has it, /etc/hosts included. */
  readonly resolve?: Resolve;
  /** What receivers get of an event, asked at each attempt. Default: all of it. */
  readonly shown?: <T extends EventRecord>(event: T) => T;
  readonly onAttempt?: (webhook: string, result: AttemptResult) => void;
  /** A webhook was disabled by what its receiver did. */
  readonly onDisabled?: (webhook: string, reason: DisabledReason) => void;
}

/**
 * Sends events to webhooks, at least once: an event that is in the journal becomes a delivery in the store, and that is
 * sent until it is taken, given up or forgotten, whatever happens to the process in between.
 */
export interface Webhooks extends AsyncDisposable {
  /** Begins to take events over and to send. */
  start(): void;
  /** Raises WEBHOOK_EXISTS, TOO_MANY_WEBHOOKS, and what `set` does. */
  add(definition: WebhookDefinition): Promise<void>;
  /**
   * Adds a webhook, which gets the events from now on, or changes the one of this id, whose deliveries stay. Raises
   * WEBHOOK_URL_FORBIDDEN, WEBHOOK_SECRET_INVALID, WEBHOOK_RANGE_INVALID, TOO_MANY_WEBHOOKS, STORE_UNAVAILABLE.
   */
  set(definition: WebhookDefinition): Promise<void>;
  /** With its deliveries. Raises WEBHOOK_NOT_FOUND, STORE_UNAVAILABLE. */
  remove(id: string): Promise<void>;
  /** Lets one that was disabled by what its receiver did go on, from now. Raises WEBHOOK_NOT_FOUND, STORE_UNAVAILABLE. */
  enable(id: string): Promise<void>;
  /** Sends it an event `webhook.test`, which is returned. Raises WEBHOOK_NOT_FOUND, WEBHOOK_DISABLED. */
  test(id: string): JournalEvent;
  /** Raises DELIVERY_NOT_FOUND, DELIVERY_PENDING. */
  replayOne(delivery: number): Promise<void>;
  /** Sends those that were delivered or given up again, under the same message id; returns how many. */
  replay(filter: DeliveryFilter): Promise<number>;
  /** Raises WEBHOOK_NOT_FOUND, STORE_UNAVAILABLE. */
  status(id: string): Promise<ReceiverStatus>;
  /** Of all, in the order of their ids. */
  statuses(): Promise<readonly ReceiverStatus[]>;
  /** Gives attempts on their way 5 s, then ends. Nothing is lost: the rest is sent by the next life. Idempotent. */
  stop(): Promise<void>;
}

type ResolvedOptions = Required<Omit<WebhooksOptions, 'ca'>> & Pick<WebhooksOptions, 'ca'>;

const GRACE_MS = 5_000;
const RECORD_MS = 2_000;
const PURGE_EVERY_MS = 3_600_000;
const SECOND_MS = 1_000;
const DEFAULTS = {
  userAgent: 'Roundhouse',
  allowedRanges: [],
  ratePerSecond: 5_000,
  maxWebhooks: 1_000,
  maxPending: 10_000,
  keepMs: 30 * 86_400_000,
} as const;

/** Nothing happens before `start`. Raises WEBHOOK_RANGE_INVALID, POLICY_INVALID. */
export function createWebhooks(options: WebhooksOptions, deps: WebhooksDependencies): Webhooks {
  return new Dispatcher(options, deps);
}

class Dispatcher implements Webhooks {
  readonly #options: ResolvedOptions;
  readonly #deps: WebhooksDependencies;
  readonly #scope: Scope;
  readonly #receivers = new Map<string, Receiver>();
  readonly #recorder: Recorder;
  readonly #intake: Intake;
  readonly #rate: RateLimit;
  #unwatch: (() => void) | undefined;
  #purging: Timer | undefined;
  /** Changes of webhooks go one after another. */
  #changes: Promise<unknown> = Promise.resolve();
  #stopping: Promise<void> | undefined;

  constructor(options: WebhooksOptions, deps: WebhooksDependencies) {
    const { clock, random, log, store, journal } = deps;
    this.#options = { ...DEFAULTS, ...options };
    const { ratePerSecond, allowedRanges, maxWebhooks } = this.#options;
    blockList(allowedRanges);
    this.#deps = deps;
    this.#scope = createScope({ clock });
    const { deliveries } = store;
    const shared = { deliveries, clock, random, log, scope: this.#scope };
    this.#recorder = new Recorder({ ...shared, onRoom: () => this.#wakeAll() });
    this.#intake = new Intake({ ...shared, journal, receivers: this.#receivers });
    this.#rate = createRateLimit(
      { limit: ratePerSecond, intervalMs: SECOND_MS, maxKeys: maxWebhooks, what: 'Webhook attempts' },
      { clock },
    );
  }

  start(): void {
    if (this.#unwatch !== undefined || this.#stopping !== undefined) return;
    this.#unwatch = this.#deps.journal.watch(() => this.#intake.kick());
    for (const receiver of this.#receivers.values()) receiver.start();
    this.#purgeLater();
    this.#intake.kick();
  }

  add(definition: WebhookDefinition): Promise<void> {
    return this.#change(async () => {
      const { id } = definition;
      if (this.#receivers.has(id)) throw webhookError('WEBHOOK_EXISTS', { details: { webhook: id } });
      await this.#set(definition);
    });
  }

  set(definition: WebhookDefinition): Promise<void> {
    return this.#change(() => this.#set(definition));
  }

  remove(id: string): Promise<void> {
    return this.#change(async () => {
      await this.#takeOut(this.#receiver(id), 0);
      await this.#deps.store.deliveries.forget(id);
      await removeCondition(this.#deps.store, id);
    });
  }

  enable(id: string): Promise<void> {
    return this.#change(() => this.#receiver(id).enable());
  }

  test(id: string): JournalEvent {
    const receiver = this.#receiver(id);
    if (receiver.isDisabled) {
      throw webhookError('WEBHOOK_DISABLED', { details: { webhook: id, reason: receiver.disabledReason } });
    }
    return this.#deps.journal.publish('webhook.test', id);
  }

  async replayOne(delivery: number): Promise<void> {
    const { store, clock } = this.#deps;
    const found = await store.deliveries.get(delivery);
    if (found === undefined) throw webhookError('DELIVERY_NOT_FOUND', { details: { delivery } });
    if (found.status === 'pending') throw webhookError('DELIVERY_PENDING', { details: { delivery } });
    await store.deliveries.replay({ id: delivery }, clock.now());
    await this.#receivers.get(found.receiver)?.resync();
  }

  async replay(filter: DeliveryFilter): Promise<number> {
    const { store, clock } = this.#deps;
    const count = await store.deliveries.replay(filter, clock.now());
    const touched = [...this.#receivers.values()].filter(({ id }) => id === (filter.receiver ?? id));
    await Promise.all(touched.map((receiver) => receiver.resync()));
    return count;
  }

  async status(id: string): Promise<ReceiverStatus> {
    return await this.#receiver(id).status();
  }

  async statuses(): Promise<readonly ReceiverStatus[]> {
    const ids = [...this.#receivers.keys()].sort();
    return await Promise.all(ids.map((id) => this.#receiver(id).status()));
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #receiver(id: string): Receiver {
    const receiver = this.#receivers.get(id);
    if (receiver === undefined) throw webhookError('WEBHOOK_NOT_FOUND', { details: { webhook: id } });
    return receiver;
  }

  #change<T>(operation: () => Promise<T>): Promise<T> {
    const change = this.#changes.then(operation);
    this.#changes = change.catch(() => {});
    return change;
  }

  async #set(definition: WebhookDefinition): Promise<void> {
    const { maxWebhooks, allowedRanges } = this.#options;
    const { id } = definition;
    const present = this.#receivers.get(id);
    if (present === undefined && this.#receivers.size >= maxWebhooks) {
      throw webhookError('TOO_MANY_WEBHOOKS', { details: { limit: maxWebhooks } });
    }
    const settings = await resolveDefinition(definition, allowedRanges, this.#deps.secrets);
    // Two that read the same deliveries would send them twice.
    if (present !== undefined) await this.#takeOut(present, GRACE_MS);
    await this.#put(settings);
  }

  async #put(settings: Settings): Promise<void> {
    const receiver = await openReceiver(settings, this.#receiverDependencies());
    if (this.#stopping !== undefined) return;
    this.#receivers.set(settings.id, receiver);
    if (this.#unwatch !== undefined) receiver.start();
    this.#intake.kick();
  }

  async #takeOut(receiver: Receiver, graceMs: number): Promise<void> {
    this.#receivers.delete(receiver.id);
    await receiver.stop(graceMs);
    await this.#intake.turnOver();
    await this.#recorder.settled();
  }

  #receiverDependencies(): ReceiverDependencies {
    const { clock, random, log, store, journal, onAttempt, onDisabled, shown, resolve = systemResolve } = this.#deps;
    const { userAgent, ca, maxPending } = this.#options;
    return {
      clock,
      random,
      log,
      store,
      journal,
      resolve,
      ca,
      userAgent,
      shown: shown && ((body) => shown(body as unknown as EventRecord) as unknown as JsonObject),
      maxPending,
      recorder: this.#recorder,
      rate: this.#rate,
      onRoom: () => this.#intake.kick(),
      onAttempt,
      onDisabled,
    };
  }

  #wakeAll(): void {
    for (const receiver of this.#receivers.values()) receiver.wake();
  }

  #purgeLater(): void {
    const { clock, store, log } = this.#deps;
    this.#purging = clock.setTimer(PURGE_EVERY_MS, () => {
      store.deliveries
        .purge(clock.now() - this.#options.keepMs)
        .catch((error: unknown) => log.warn('old deliveries stay', { reason: String(error) }))
        .finally(() => {
          if (this.#stopping === undefined) this.#purgeLater();
        });
    });
  }

  async #stop(): Promise<void> {
    this.#unwatch?.();
    this.#purging?.cancel();
    await this.#changes;
    await Promise.all([...this.#receivers.values()].map((receiver) => receiver.stop(GRACE_MS)));
    using patience = this.#scope.child({ what: 'Recording the last attempts', timeoutMs: RECORD_MS });
    await patience.race(this.#recorder.settled()).catch(() => this.#deps.log.warn('attempts are not recorded'));
    this.#scope.end();
    await this.#intake.idle();
  }
}

async function systemResolve(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address);
}
