import type { CreateSession, EventRecord, SessionState } from '@roundhouse/api';
import { createScope, isRoundhouseError, Machine, type Scope, silentLogger, type Timer } from '@roundhouse/core';
import { FakeClock, type FakeSession } from '@roundhouse/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { EventRecorder } from './event/recorder.fixture.ts';
import { Gateway } from './gateway.ts';
import { FakeHosts } from './hosts.fixture.ts';
import type { OpenSession } from './session/open.ts';
import { SESSION_TRANSITIONS } from './session/state.ts';

/** `ROUNDHOUSE_LONG=1` does it all twenty times. */
const SEEDS = process.env['ROUNDHOUSE_LONG'] === '1' ? Array.from({ length: 20 }, (_, index) => index + 1) : [1];
const OPERATIONS = 10_000;
/** Operations that begin before the clock moves on. */
const AT_ONCE = 25;
const MAX_SESSIONS = 80;
const MAX_PER_USER = 12;
const MAX_PER_ENDPOINT = 30;
const ENDPOINTS = ['lpar1', 'lpar2', 'lpar3', 'far'] as const;
/** A host that is no endpoint. */
const NAMED = 'named';
const HOSTS = [...ENDPOINTS, NAMED] as const;
const USERS = ['JOE', 'ANN', 'SUE', 'BOB', 'EVE', null] as const;

/** What callers of a gateway under such treatment have to live with. */
const EXPECTED = new Set([
  'CANCELLED',
  'CONNECT_REFUSED',
  'GROUP_FULL',
  'HOST_CLOSED',
  'HOST_LOST',
  'HOST_SILENT',
  'INPUT_BUSY',
  'INPUT_INDETERMINATE',
  'KEYBOARD_LOCKED',
  'MIGRATION_NEEDS_SCRIPT',
  'MIGRATION_SAME_ENDPOINT',
  'MIGRATION_TIMEOUT',
  'NAVIGATION_FAILED',
  'NO_ENDPOINT',
  'QUEUE_FULL',
  'SESSION_CLOSED',
  'SESSION_LIMIT_REACHED',
  'SESSION_MIGRATING',
  'SESSION_NOT_FOUND',
  'SESSION_NOT_READY',
  'SESSION_NOT_SUSPENDED',
  'SESSION_SUSPENDED',
  'USER_LIMIT_REACHED',
  'WAIT_TIMEOUT',
  'DEADLINE_EXCEEDED',
  'DRAIN_INCOMPLETE',
]);

/** A gateway, its hosts and callers, all of whom do as chance has it. */
class Churn {
  readonly clock = new FakeClock();
  readonly hosts = new FakeHosts();
  readonly gateway: Gateway;
  readonly recorder: EventRecorder;
  readonly events: EventRecord[] = [];
  /** Codes that no caller should see. */
  readonly unexpected: string[] = [];
  readonly #scope: Scope;
  readonly #random: () => number;
  readonly #open = new Set<Promise<void>>();
  #ids = 0;

  constructor(seed: number) {
    const { clock, hosts } = this;
    this.#random = sequence(seed);
    this.#scope = createScope({ clock });
    this.recorder = new EventRecorder(clock);
    const open: OpenSession = async (options, life) => {
      if (this.#chance(0.7)) await life.sleep(this.#below(300));
      return hosts.open(options, life);
    };
    hosts.onSession = (_, session) => this.#serve(session);
    this.gateway = new Gateway(
      { maxSessions: MAX_SESSIONS, maxSessionsPerUser: MAX_PER_USER, idleAfterMs: 2_000, retainEndedMs: 1_000 },
      {
        events: this.recorder,
        openSession: open,
        log: silentLogger,
        randomBytes: (size) => Buffer.from(String(++this.#ids).padStart(size, '0')),
        random: this.#random,
        scope: this.#scope,
        clock,
        probeOf: () => ({
          kind: 'fake',
          check: async ({ target }, scope) => {
            await scope.sleep(this.#below(50));
            return hosts.isUp(target.host)
              ? { outcome: 'ok', elapsedMs: 1, steps: [] }
              : { outcome: 'failed', elapsedMs: 1, steps: [], error: { code: 'CONNECT_REFUSED', message: 'down' } };
          },
        }),
      },
    );
    this.recorder.onEvent = (event) => this.events.push(event);
    this.#configure();
  }

  async run(operations: number): Promise<void> {
    for (let done = 0; done < operations; done += AT_ONCE) {
      for (let index = 0; index < AT_ONCE; index++) this.#start(this.#any(this.#operations));
      await this.clock.advance(this.#below(500));
      this.#checkLimits();
    }
  }

  /** Closes the gateway and lets every caller come to an end. */
  async finish(): Promise<void> {
    await this.gateway.close();
    await this.clock.advance(0);
    expect(this.#open.size).toBe(0);
    expect(this.clock.pendingTimers).toBe(0);
  }

  #configure(): void {
    const { directory } = this.gateway;
    const probe = { interval_ms: 300, timeout_ms: 300, fall: 2, rise: 2 };
    const limit = { port: 23, max_sessions: MAX_PER_ENDPOINT, probe };
    directory.setGroup({ id: 'backup' });
    directory.setEndpoint({ id: 'far', host: 'far', group: 'backup', ...limit });
    directory.setGroup({
      id: 'prod',
      fallback: ['backup'],
      queue: { max: 10, timeout_ms: 1_000 },
      failover: { timeout_ms: 5_000, max_parallel: 8 },
      navigation: { name: 'logon', steps: [{ expect: { texts: [{ text: 'LOGON' }] }, timeout_ms: 1_000 }] },
    });
    for (const id of ['lpar1', 'lpar2', 'lpar3']) directory.setEndpoint({ id, host: id, group: 'prod', ...limit });
  }

  readonly #operations: ReadonlyArray<() => unknown> = [
    ...Array(6).fill(() => this.#create()),
    ...Array(8).fill(() => this.#input()),
    () => this.gateway.suspend(this.#session(), { timeout_ms: 1 + this.#below(3_000) }),
    () => this.gateway.resume(this.#session()),
    () => this.gateway.resume(this.#session()),
    () => this.gateway.migrate(this.#session(), this.#migration()),
    () => this.gateway.migrate(this.#session(), this.#migration()),
    () => this.gateway.sessions.remove(this.#session()),
    () => this.gateway.sessions.remove(this.#session()),
    () => this.gateway.snapshot(this.#session()),
    () => this.gateway.explain(this.#session()),
    () => this.#watchScreen(),
    () => this.#upset(),
    () => this.hosts.revive(this.#any(HOSTS)),
    () => this.hosts.revive(this.#any(HOSTS)),
    () => this.gateway.drain(this.#any(ENDPOINTS), { deadline_ms: this.#below(2_000), undo: this.#chance(0.8) }),
  ];

  #start(operation: () => unknown): void {
    const outcome = (async () => void (await operation()))().catch((error: unknown) => {
      const code = isRoundhouseError(error) ? error.code : String(error);
      if (!EXPECTED.has(code)) this.unexpected.push(code);
    });
    this.#open.add(outcome);
    void outcome.then(() => this.#open.delete(outcome));
  }

  async #create(): Promise<void> {
    const place = this.#chance(0.15)
      ? { host: NAMED, port: 23 }
      : { group: 'prod', ...(this.#chance(0.2) ? { affinity_key: `key ${this.#below(10)}` } : {}) };
    const request: CreateSession = {
      ...place,
      user: this.#any(USERS),
      timeout_ms: 1_000,
      wait: this.#any(['screen', 'screen', 'connected', 'none'] as const),
    };
    using caller = this.#caller();
    await this.gateway.create(request, caller);
  }

  async #input(): Promise<void> {
    const key = this.#any(['Enter', 'Enter', 'Enter', 'PF3', 'Tab'] as const);
    using caller = this.#caller();
    const wait = { for: this.#any(['unlocked', 'change', 'none'] as const), timeout_ms: 1 + this.#below(1_500) };
    await this.gateway.sessions.get(this.#session()).input({ actions: [{ type: 'key', key }], wait }, caller);
  }

  async #watchScreen(): Promise<void> {
    using caller = this.#caller();
    const after = this.#below(2) * 1_000_000;
    await this.gateway.sessions.get(this.#session()).newerScreen(after, { timeout_ms: this.#below(3_000) }, caller);
  }

  #migration() {
    if (this.#chance(0.2)) return { host: NAMED, port: 23, mode: 'relogon' as const, timeout_ms: 2_000 };
    const endpoint = this.#any(ENDPOINTS);
    return this.#chance(0.5)
      ? { endpoint }
      : { endpoint, mode: 'relogon' as const, timeout_ms: 1 + this.#below(2_000) };
  }

  /** A caller that may go away early. */
  #caller(): Scope {
    return this.#scope.child(this.#chance(0.1) ? { timeoutMs: this.#below(500) } : {});
  }

  #upset(): void {
    const host = this.#any(HOSTS);
    if (this.#chance(0.6)) this.hosts.kill(host);
    else this.hosts.silence(host);
  }

  /** What a host does with a key: it answers at once, after a while or never, or hangs up. */
  #serve(session: FakeSession): void {
    let timer: Timer | undefined;
    session.on('closed', () => timer?.cancel());
    session.onAid = (key) => {
      const answer = (): void => {
        if (key === 'PF3') session.hostCloses();
        else {
          session.hostWrites(2, 2, 'ANSWER');
          session.hostUnlocks();
        }
      };
      timer?.cancel();
      if (this.#chance(0.2)) return;
      timer = this.clock.setTimer(this.#below(1_000), answer);
    };
  }

  #checkLimits(): void {
    const { sessions } = this.gateway;
    expect(sessions.size).toBeLessThanOrEqual(MAX_SESSIONS);
    const perUser = new Map<string, number>();
    for (const { request } of sessions.live()) {
      if (typeof request.user === 'string') perUser.set(request.user, (perUser.get(request.user) ?? 0) + 1);
    }
    expect(Math.max(0, ...perUser.values())).toBeLessThanOrEqual(MAX_PER_USER);
    for (const id of ENDPOINTS) {
      expect(this.gateway.directory.endpointResource(id).active_sessions).toBeLessThanOrEqual(MAX_PER_ENDPOINT);
      expect(this.hosts.count(id)).toBeLessThanOrEqual(MAX_PER_ENDPOINT);
    }
  }

  /** One that lives, mostly. */
  #session(): string {
    const { sessions } = this.gateway;
    const all = this.#chance(0.05) ? sessions.list(2 * MAX_SESSIONS, 0).items : [...sessions.live()];
    return all.length === 0 ? 'ses_nobody' : this.#any<{ readonly id: string }>(all).id;
  }

  #any<T>(values: readonly T[]): T {
    return values[this.#below(values.length)] as T;
  }

  #chance(share: number): boolean {
    return this.#random() < share;
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }
}

/** Lehmer's generator with the multiplier of Park and Miller, "Random number generators" (1988; 48,271: 1993). */
function sequence(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

const MUST_HAPPEN = [
  'session.host_lost',
  'session.replaced',
  'session.migrated',
  'session.input_indeterminate',
  'session.idle',
  'session.resumed',
  'session.error',
  'operation.failed',
  'endpoint.health_changed',
];
const STATE_EVENT = /^roundhouse\.session\.(connected|resumed|active|idle|suspended|initializing|closed|error)$/;

/** Where the events of the sessions contradict the table of their life. */
function contradictions(events: readonly EventRecord[]): string[] {
  const states = new Map<string, SessionState>();
  const found: string[] = [];
  for (const { id, type, subject, data } of events) {
    if (!type.startsWith('roundhouse.session.')) continue;
    const before = states.get(subject);
    if (type === 'roundhouse.session.created') states.set(subject, 'initializing');
    else if (before === undefined || SESSION_TRANSITIONS[before].length === 0) {
      found.push(`${id}: ${type} of ${subject}, which is ${before ?? 'unknown'}`);
    }
    const name = STATE_EVENT.exec(type)?.[1];
    if (name === undefined || before === undefined) continue;
    const to = (name === 'resumed' ? 'connected' : name) as SessionState;
    if (data['from'] !== before || !SESSION_TRANSITIONS[before].includes(to)) found.push(`${id}: ${before} to ${to}`);
    states.set(subject, to);
  }
  for (const [subject, state] of states) {
    if (SESSION_TRANSITIONS[state].length > 0) found.push(`${subject} is ${state} to the end`);
  }
  return found;
}

describe('a gateway under random treatment', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it.each(SEEDS)(
    'keeps its rules and limits and leaves nothing behind: seed %i',
    async (seed) => {
      const moves = vi.spyOn(Machine.prototype, 'move');
      const churn = new Churn(seed);
      await churn.run(OPERATIONS);
      await churn.finish();
      const { gateway, hosts, clock, events } = churn;
      const illegal = moves.mock.results.filter(({ type }) => type === 'throw').map(({ value }) => String(value));
      expect(illegal).toEqual([]);
      expect(churn.unexpected).toEqual([]);
      expect(contradictions(events)).toEqual([]);
      const first = Number(events[0]?.id);
      expect(events.map(({ id }) => Number(id))).toEqual(events.map((_, index) => first + index));
      expect(HOSTS.map((host) => hosts.count(host))).toEqual(HOSTS.map(() => 0));
      expect(gateway.sessions.size).toBe(0);
      for (const id of gateway.directory.endpointIds()) {
        expect(gateway.directory.endpointResource(id)).toMatchObject({ active_sessions: 0 });
      }
      const { items } = gateway.operations.list(OPERATIONS, Infinity);
      expect(items.filter(({ hasFinished }) => !hasFinished).map((each) => each.resource())).toEqual([]);
      expect(clock.pendingTimers).toBe(0);
      // Otherwise nothing of this has been shown.
      const seen = new Set(events.map(({ type }) => type.replace('roundhouse.', '')));
      for (const type of MUST_HAPPEN) expect(seen).toContain(type);
    },
    60_000,
  );
});
