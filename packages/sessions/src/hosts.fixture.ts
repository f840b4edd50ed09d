import { EventRecorder } from './event/recorder.fixture.ts';
import { randomBytes } from 'node:crypto';
import type { CreateSession } from '@roundhouse/api';
import { createScope, type Scope, silentLogger } from '@roundhouse/core';
import { netError } from '@roundhouse/net';
import { FakeClock, FakeSession } from '@roundhouse/testing';
import { type SessionOptions, tn3270Error } from '@roundhouse/tn3270';
import { Gateway, type GatewayOptions, type NumberMasking } from './gateway.ts';
import type { OpenSession } from './session/open.ts';

/** Hosts by name that can be killed, silenced and brought back. */
export class FakeHosts {
  readonly sessions = new Map<string, Set<FakeSession>>();
  readonly #down = new Set<string>();
  readonly #silent = new Set<string>();
  /** Called with each session that a host has shown its first screen. */
  onSession: (host: string, session: FakeSession) => void = () => {};

  readonly open: OpenSession = async (options: SessionOptions, life: Scope) => {
    const { host, port } = options;
    const peer = `${host}:${port}`;
    if (this.#down.has(host)) throw netError('CONNECT_REFUSED', { details: { peer } });
    const session = new FakeSession(options);
    const all = this.sessions.get(host) ?? new Set();
    this.sessions.set(host, all.add(session));
    session.on('closed', () => all.delete(session));
    life.onEnd((reason) => session.destroy(reason));
    if (!this.#silent.has(host)) {
      session.hostSetsField(1, 1, 0x20);
      session.hostWrites(1, 2, `LOGON ${host.toUpperCase()}`);
      session.hostSetsField(2, 1, 0);
      session.hostWrites(2, 2, ' '.repeat(20));
      session.hostSetsField(2, 30, 0x20);
      session.perform({ type: 'cursor', row: 2, column: 2 });
      session.hostUnlocks();
      this.onSession(host, session);
    }
    return session;
  };

  readonly isUp = (host: string): boolean => !this.#down.has(host) && !this.#silent.has(host);

  count(host: string): number {
    return this.sessions.get(host)?.size ?? 0;
  }

  /** Its process is gone: every connection ends. */
  kill(host: string): void {
    this.#down.add(host);
    for (const session of this.sessions.get(host) ?? []) {
      session.hostCloses(tn3270Error('HOST_CLOSED', { details: { peer: host } }));
    }
  }

  /** Takes connections and says nothing. */
  silence(host: string): void {
    this.#silent.add(host);
  }

  revive(host: string): void {
    this.#down.delete(host);
    this.#silent.delete(host);
  }
}

export interface GatewayWorld {
  readonly clock: FakeClock;
  readonly scope: Scope;
  readonly hosts: FakeHosts;
  readonly gateway: Gateway;
  readonly events: EventRecorder;
  /** Types of the events so far, without prefix, with their subjects. */
  readonly told: (subject?: string) => string[];
}

/** A gateway over fake hosts with a clock that stands still; `random` is a fixed sequence. */
export function gatewayWorld(options: GatewayOptions = {}, masking?: NumberMasking): GatewayWorld {
  const clock = new FakeClock();
  const scope = createScope({ clock });
  const hosts = new FakeHosts();
  let seed = 1;
  const random = (): number => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  const events = new EventRecorder(clock);
  const gateway = new Gateway(options, {
    events,
    openSession: hosts.open,
    ...(masking !== undefined && { masking }),
    log: silentLogger,
    randomBytes,
    random,
    scope,
    clock,
    probeOf: () => ({
      kind: 'fake',
      check: async ({ target }, probe) => {
        // As of a real one the answer takes a while.
        await probe.sleep(5);
        return hosts.isUp(target.host)
          ? { outcome: 'ok', elapsedMs: 1, steps: [] }
          : { outcome: 'failed', elapsedMs: 1, steps: [], error: { code: 'CONNECT_REFUSED', message: 'down' } };
      },
    }),
    secrets: async (name) => `secret of ${name}`,
  });
  const told = (subject?: string): string[] =>
    events.all
      .filter((event) => subject === undefined || event.subject === subject)
      .map((event) => event.type.replace('roundhouse.', ''));
  return { clock, scope, hosts, gateway, events, told };
}

/** Group `prod` with endpoints of these names; each is the host of the same name. */
export function configure(
  { gateway }: GatewayWorld,
  names: readonly string[],
  group: Record<string, unknown> = {},
): void {
  gateway.directory.setGroup({ id: 'prod', ...group });
  for (const id of names) gateway.directory.setEndpoint({ id, host: id, port: 23, group: 'prod' });
}

export const IN_GROUP: CreateSession = { group: 'prod' };
